/* bpf_objects.S: the compiled BPF objects as bytes of the program itself; the build names
 * their folder with -Wa,-I. */
#define OBJECT(name, path)                                            \
	.section .rodata;                                             \
	.balign 16;                                                   \
	.global name;                                                 \
	.type name, @object;                                          \
	name: .incbin path;                                           \
	name##_end:;                                                  \
	.size name, name##_end - name;                                \
	.balign 8;                                                    \
	.global name##_size;                                          \
	name##_size: .quad name##_end - name

OBJECT(bpf_sensor_object, "sensor.bpf.o")
OBJECT(bpf_owner_object, "owner.bpf.o")
.section .note.GNU-stack, "", @progbits
