/* fault.h: what can be wrong with a store's file. */
#ifndef METSUKE_STORE_FAULT_H
#define METSUKE_STORE_FAULT_H

enum store_fault {
	STORE_FINE,
	STORE_LOCKED,	  /* another sensor has it */
	STORE_BUSY,	  /* another program holds SQLite's lock, or the write-ahead log */
	STORE_FULL,	  /* no space */
	STORE_UNWRITABLE, /* the folder or the file */
	STORE_DAMAGED,	  /* no database, or malformed: to be moved aside */
	STORE_NEWER,	  /* of a later version */
	STORE_FOREIGN,	  /* a database of another program, or something else */
	STORE_FAILED,	  /* anything else */
	N_STORE_FAULTS
};

#define STORE_WHY 512

#endif
