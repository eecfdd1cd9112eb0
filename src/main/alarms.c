#include "main/alarms.h"

#include "ops/journal.h"

static void
look_at_health(struct alarms *alarms, struct store *store)
{
	enum err health = store_health(store);

	if (health == alarms->health)
		return;
	alarms->health = health;
	if (health != OK)
		journal_event(JOURNAL_WARNING, "store_unavailable", "the database: %s", err_row(health)->title);
	else
		journal_event(JOURNAL_NOTICE, "store_back", "the database takes requests again");
}

/* Live updates wait for the oldest transaction of the cluster; whose it is can be ended by its process. */
static void
look_at_log(struct alarms *alarms, struct store *store)
{
	enum { PATIENCE_US = 10000000 };
	int pid;
	int64_t held_back_us = store_held_back_us(store, &pid);
	bool held_back = held_back_us > PATIENCE_US;

	if (held_back == alarms->held_back)
		return;
	alarms->held_back = held_back;
	if (held_back)
		journal_event(JOURNAL_WARNING, "held_back",
		    "live updates wait since %lld s for a transaction of the PostgreSQL server process %d",
		    (long long)(held_back_us / 1000000), pid);
	else
		journal_event(JOURNAL_NOTICE, "held_back_ended", "live updates go on");
}

void
alarms_look(struct alarms *alarms, struct store *store)
{
	if (store_is_lost(store))
		return;
	look_at_health(alarms, store);
	look_at_log(alarms, store);
}
