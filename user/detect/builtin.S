/* builtin.S: the lists of names that come with the program, as bytes of the program itself. */
	.section .rodata
	.balign 16
	.global builtin_updates_text
builtin_updates_text:
	.incbin "share/updates.txt"
1:
	.balign 16
	.global builtin_shared_text
builtin_shared_text:
	.incbin "share/shared.txt"
2:
	.balign 8
	.global builtin_updates_size
builtin_updates_size:
	.quad 1b - builtin_updates_text
	.global builtin_shared_size
builtin_shared_size:
	.quad 2b - builtin_shared_text

	.section .note.GNU-stack, "", @progbits
