/* What a stream missed.  Until the log can be read back, a reset speaks for it. */
#include "events/live_internal.h"

enum err
live_missed(struct tx *tx, void *arg)
{
	struct live_missed *missed = arg;

	(void)tx;
	missed->reset = "position";
	missed->events = 0;
	buf_clear(missed->text);
	return OK;
}
