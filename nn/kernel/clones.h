/* KERNEL_CLONES before a function of plain loops has it compiled for AVX-512, for AVX2 and for any processor; the one
 * that fits is taken when the program is loaded. Products and sums are never contracted or reordered
 * (-ffp-contract=off), so all of them give the same bits; what is called from such a function must be inlined to gain
 * from it. Sanitizers come too late for the choice. */
#ifndef NN_KERNEL_CLONES_H
#define NN_KERNEL_CLONES_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define KERNEL_CLONES
#endif
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__) || defined(MAYVAE_DOUBLE)
#undef KERNEL_CLONES
#define KERNEL_CLONES
#endif

#ifndef KERNEL_CLONES
#define KERNEL_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#endif

#endif
