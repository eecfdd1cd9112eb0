#include "store/ask.h"

#include "store/engine.h"

enum err
ask_write(struct tx *tx, void *arg)
{
	struct ask_write *write = arg;

	write->changed = 0;
	buf_clear(&write->detail);
	return tx->type->ask(tx, write->statement, &write->changed, &write->detail);
}
