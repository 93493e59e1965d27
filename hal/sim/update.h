/* Protected updates, inside hal/sim: what cmd_update.c asks of update.c. */
#ifndef HAL_SIM_UPDATE_H
#define HAL_SIM_UPDATE_H

#include "hal/sim/cmd.h"

/* Code of SetObjectProtected, by which a running sequence is known. */
#define CMD_UPDATE 0x03

/* Data of a fragment into the target, at once; first: nothing of this update came before. */
void update_data(struct sim_app *app, const uint8_t *p, size_t n, bool first);

/* The target stays unusable until the update of this version is complete. */
void update_mark(struct sim_app *app);

/* All of the payload is there. 0, or an error code: then nothing was changed. */
uint8_t update_finish(struct sim_app *app);

#endif
