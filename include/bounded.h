/* bounded.h: the few words that let one parser text serve the BPF verifier and the host compiler.
 *
 * For BPF the message lies in map memory, loops run through bpf_loop, and every index is masked in the
 * line before its use: the verifier then needs no memory of what went before, and states merge. The
 * plain form, a for loop over packet pointers, passes a million verified instructions. */
#ifndef METSUKE_BOUNDED_H
#define METSUKE_BOUNDED_H

#include <linux/types.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "words are compared in little-endian order"
#endif

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#ifdef __bpf__
#include <bpf/bpf_helpers.h>
/* Masks a 64-bit index where the compiler cannot move or drop it. */
#define BOUND(index, mask) asm volatile("%0 &= %1" : "+r"(index) : "ri"((__u64)(mask)))
#define LOOP(count, step, ctx) ((void)bpf_loop((count), (step), (ctx), 0))
/* Sends a value through map memory: the verifier forgets what it knew of it, so that paths that differ
 * only there become one. Bounds have to be given anew. */
#define FORGET(value, cell)                         \
	do {                                        \
		*(volatile __u32 *)(cell) = (value); \
		(value) = *(volatile __u32 *)(cell); \
	} while (0)
/* Keeps a constant a constant: the compiler would put in its place a value it has just found equal,
 * and 6.1 does not know that of a spilled one. */
#define KNOWN(value) asm volatile("" : "+r"(value))
/* What was stored is loaded again behind this. */
#define SETTLE() asm volatile("" ::: "memory")
#else
#define BOUND(index, mask) ((index) &= (mask))
#define LOOP(count, step, ctx)                                             \
	do {                                                               \
		for (__u32 loop_i = 0; loop_i < (count); loop_i++)         \
			if ((step)(loop_i, (ctx)))                         \
				break;                                     \
	} while (0)
#define FORGET(value, cell) ((void)(cell))
#define KNOWN(value) ((void)0)
#define SETTLE() ((void)0)
#endif

/* A message lies in an array of MESSAGE_BYTES: an index masked with MESSAGE_MASK may be read there
 * together with the few bytes behind it. */
#define MESSAGE_MASK 8191
#define MESSAGE_BYTES (MESSAGE_MASK + 1 + 32)

/* Words that lie at any address. For BPF the type must not say so: the compiler would load byte by byte, which the
 * supported machines need not (the verifier refuses on those that do). */
#ifdef __bpf__
#define ANY_ADDRESS may_alias
#else
#define ANY_ADDRESS may_alias, aligned(1)
#endif
typedef __u16 __attribute__((ANY_ADDRESS)) loose16;
typedef __u32 __attribute__((ANY_ADDRESS)) loose32;
typedef __u64 __attribute__((ANY_ADDRESS)) loose64;

/* Wire integers; the bytes may lie at any address. */
static __always_inline __u32 wire16(const __u8 *p)
{
	return __builtin_bswap16(*(const loose16 *)p);
}

static __always_inline __u32 wire32(const __u8 *p)
{
	return __builtin_bswap32(*(const loose32 *)p);
}

#endif
