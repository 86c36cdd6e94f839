/* file.h: the store's file as a file: one sensor's at a time, moved aside when it is damaged, measured. */
#ifndef METSUKE_STORE_FILE_H
#define METSUKE_STORE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/fault.h"

struct store_file {
	char *path;
	int lock_fd; /* -1: not ours */
	dev_t dev;   /* of the file that was opened */
	ino_t ino;
};

/* Takes the lock beside the file (PATH.lock) unless it is held already, makes the folder and an empty file, not
 * for all to read, where they are missing. why: what is wrong, for people. */
enum store_fault file_claim(struct store_file *f, char why[STORE_WHY]);
void file_release(struct store_file *f);

/* The path still leads to the file that was claimed. */
bool file_is_same(const struct store_file *f);

/* Renames the file and what SQLite keeps beside it to PATH.damaged-N, N counting up. Returns 0 or -errno;
 * to[0..size) is the new name. */
int file_move_aside(const struct store_file *f, char *to, size_t size);

/* A file of a store, however damaged: SQLite's mark stands at its beginning, or the application's id where SQLite keeps
 * that (big-endian, at 68: sqlite.org/fileformat), or nothing but the zeros that a power cut leaves. */
bool file_was_store(const char *path, int32_t application);

/* The write-ahead log's size. */
uint64_t file_wal_bytes(const char *path);

#endif
