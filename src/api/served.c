#include "api/served.h"

void
served_ref(struct served *served)
{
	atomic_fetch_add(&served->references, 1);
}

void
served_unref(struct served *served)
{
	if (served != NULL && atomic_fetch_sub(&served->references, 1) == 1)
		served->free(served);
}
