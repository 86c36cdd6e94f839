/* baseline.S: the model that comes with the program, as bytes of the program itself. */
	.section .rodata
	.global model_baseline
	.type model_baseline, @object
model_baseline: .incbin "share/baseline.json"
model_baseline_end:
	.byte 0
	.size model_baseline, model_baseline_end - model_baseline
	.balign 8
	.global model_baseline_size
model_baseline_size: .quad model_baseline_end - model_baseline
.section .note.GNU-stack, "", @progbits
