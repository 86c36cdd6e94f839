/* transplant.h: real captures in a made-up network. */
#ifndef METSUKE_LAB_TRANSPLANT_H
#define METSUKE_LAB_TRANSPLANT_H

/* labgen transplant, labgen merge: their arguments, from the word on. Exit status. */
int transplant_main(int argc, char **argv);
int merge_main(int argc, char **argv);

#endif
