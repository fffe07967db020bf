/* A temporary folder for tests that write files. */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

/* The process's own folder, made at the first call and removed at exit with all that is in it. */
const char *test_folder(void);

/* `test_folder()/name` into path, which is returned. */
const char *test_path(char path[512], const char *name);

#endif
