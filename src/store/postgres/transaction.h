#pragma once
/*
 * One call, in a transaction of its own.
 *
 * A read is REPEATABLE READ, READ ONLY: one snapshot.  BEGIN travels with its
 * first statement, and nobody waits for its COMMIT.
 *
 * A write is REPEATABLE READ, so that numbers are in dependency order (who saw
 * A is larger than A, which READ COMMITTED does not keep), and SERIALIZABLE
 * where its rules read other rows:
 *
 *	locks of what is claimed          one round trip, where anything is
 *	BEGIN; caisson_number()           one round trip
 *	before; SAVEPOINT body; body      those of its statements
 *	after
 *	INSERT caisson_commits; COMMIT    one round trip
 *
 * One that lost against another transaction runs again after a short random
 * pause, until its deadline.  A COMMIT whose connection broke is unknown, not
 * failed: a new connection is asked for the transaction's fate.
 */
#include "store/postgres/lane.h"

enum err transaction_read(struct lane *lane, struct store_call *call) MUST_USE;
/* Sets call->number. */
enum err transaction_write(struct lane *lane, struct store_call *call) MUST_USE;
