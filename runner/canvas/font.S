/* DejaVu Sans as it lies in FONT_FILE, as font_bytes .. font_end. */
    .section .rodata
    .global font_bytes
    .global font_end
    .balign 16
font_bytes:
    .incbin FONT_FILE
font_end:
    .byte 0
    .section .note.GNU-stack, "", @progbits
