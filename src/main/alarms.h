#pragma once
/* What the store's state says to the log: each time it changes, not each time it is looked at. */
#include "store/store.h"

struct alarms {
	enum err health;
	bool held_back;
};

/* Look at ${store}, which takes no time. */
void alarms_look(struct alarms *alarms, struct store *store);
