#pragma once
/*
 * Live queries over HTTP: a GET of a list or a record that would rather have
 * text/event-stream than JSON.
 *
 *	parse -> open -> (read what was missed) -> follow until one side ends it
 *
 * A stream is a request that does not end: its task waits in "follow live".
 * The connection is not used for anything behind it.
 */
#include "api/routes.h"
#include "events/live.h"

extern const struct step live_list_steps[], live_record_steps[];

/* What a GET of records is to answer; DONE where nothing acceptable can be. */
enum step_result live_negotiate(struct request *request, bool *ret_live);
