#pragma once
/*
 * The rule language: one grammar for access rules, rules of fields, `filter=`
 * and live filters (a subset of CEL, the Common Expression Language).
 *
 *	text -> tokens -> tree -> checked, typed tree -> SQL with bound values
 *	                                              -> or evaluated in memory
 *
 *	choice	 or ("?" or ":" choice)?
 *	or	 and ("||" and)*
 *	and	 relation ("&&" relation)*
 *	relation sum (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") sum)?
 *	sum	 product (("+" | "-") product)*
 *	product	 unary (("*" | "/" | "%") unary)*
 *	unary	 ("!" | "-")* member
 *	member	 primary ("." name | "." name "(" arguments ")")*
 *	primary	 literal | name | name "(" arguments ")" | "(" choice ")" | "[" arguments "]"
 *
 * Two-valued: null equals only null, an order with null is false, `!` is the
 * exact complement.  Without a signed-in caller every `auth.x` is absent, and
 * without a request every `request.x`: each ==, order, text function or `in`
 * with what is absent is false, except == null.  SQL on both engines and
 * memory give the same answer.
 *
 * Names:
 *	votes, id		a field of the record; topic.owner.name goes through references
 *	new.votes		the record as it will stand: create and update rules
 *	auth.id, auth.roles	who asks; auth.id takes the kind of what it stands beside, and
 *				where it cannot, it equals nothing; roles stand behind `in`
 *	now			the time of the request, or of the run of a write
 *	request.method, .ip	texts
 *	tags, comments		a refs field; the records that refer to this one (back references:
 *				`comments`, or `comments_author` where several fields refer)
 *
 * Types: a text, email or url compares with a text; ids and references with
 * ids and, for equality, with texts; an enum has ==, != and in.  Beside a
 * time, date, decimal, enum or id a literal text is converted when compiled.
 * Times and dates do not compare with one another, nor do floats and decimals.
 * Other numbers compare as numbers, exactly: 9007199254740993 is no float,
 * price > 1.005 holds for 1.01 of scale 2.  A constant with a point is the
 * nearest double beside a float, and all of its digits beside the others.
 * Lists, json and refs have no ==, but == null (refs: size()).
 *
 * Arithmetic is for constants, when compiled: whole numbers of 64 bits (`/`
 * cuts off, overflow is a mistake), numbers with a point (exact up to 18
 * digits), texts with +, and now with durations: now - duration('1h30m'), of
 * h, m, s, ms, us and ns.
 *
 * Functions:
 *	has(x)			x != null
 *	size(x)			code points of a text, items of a list, how many records;
 *				of null, and behind a reference that leads nowhere, null
 *	lower(x)		ASCII; of a field with `fold: true` its folded form, and then
 *				lower() of a constant beside it is folded as well
 *	x.startsWith(s)		s: any text; of null and of what is absent, false
 *	x.endsWith(s), x.contains(s)
 *	x in [a, null]		x == a || x == null
 *	x in words		the list has it; never null
 *	id in tags		one of the records has this id
 *	tags.exists(t, p)	p holds for one of the records; t.word names its fields
 *	comments.all(c, p)	for all: true where there are none, or no owner of them
 *	c ? a : b		conditions, or values of one type
 *
 * exists() and all() stand inside one another to a depth of two, behind hops
 * too (topic.comments.exists(...)), and see the names outside.  A choice of
 * values is a choice of comparisons: each branch counts.
 *
 * What a filter sees is what its caller may read.  Behind hops, macros, size()
 * and `in`, records that it may not read are not there; a field whose rule the
 * caller alone decides, and fails, is an unknown field, in suggestions too; one
 * whose rule looks at the row is null in the rows where that is false.  Access
 * rules and rules of fields see everything.
 *
 * Limits: RULE_SIZE_MAX bytes, RULE_TERMS_MAX comparisons, list items and
 * operators, 32 levels, paths of 8 references; and what the SQL would become
 * too large for, with the rules of all that it leads to.
 *
 * A compiled rule is immutable, lives in the arena that it was compiled in,
 * and may be used by any thread.
 */
#include "app/app.h"
#include "base/arena.h"
#include "sql/text.h"

enum { RULE_SIZE_MAX = 4096, RULE_TERMS_MAX = 100 };

struct rule;

/* Where a text comes from decides what it may name. */
enum rule_use {
	RULE_USE_READ,	 /* the record, auth */
	RULE_USE_CREATE, /* only new. and auth */
	RULE_USE_UPDATE, /* the record before, new., auth */
	RULE_USE_DELETE, /* the record, auth */
	RULE_USE_FIELD,	 /* fields_access: the record, auth */
	RULE_USE_FILTER, /* the record, auth; sees what the caller may read: rows and fields */
};

struct rule_error {
	size_t offset; /* bytes into the text */
	char detail[256];
};

/* Who asks.  A guest has id.data == NULL and no roles; a key without a user has roles only. */
struct rule_caller {
	bool signed_in;
	struct str id; /* data is NULL where absent */
	const struct str *roles;
	size_t roles_count;
	int64_t now_us; /* `now`: the time of the request, or of the run of a write */
	struct str method, ip; /* `request.method`, `request.ip`; data NULL where there is no request */
};

/* The compiled access rules of an app, by collection.index and enum access. */
struct rules {
	const struct app *app;
	const struct rule *(*access)[ACCESS_COUNT];
	const struct rule **const *fields_read; /* by collection.index, then column; NULL: whoever reads the record */
};

static inline const struct rule *
rules_read(const struct rules *rules, const struct collection *collection)
{
	return rules->access[collection->index][ACCESS_READ];
}

enum field_sight {
	FIELD_SHOWN,
	FIELD_HIDDEN, /* its rule asks for the caller alone, who may not: as if there were no such field */
	FIELD_BY_ROW, /* its rule reads the record: null in the rows where it is false */
};

/* May ${caller} see ${field} of ${collection}? */
enum field_sight rules_field_sight(const struct rules *rules, const struct collection *collection,
    const struct field *field, const struct rule_caller *caller);

/* Compile every access rule of ${app}; false with the mistakes noted.  Lives in ${arena}. */
bool rules_compile_app(
    struct arena *arena, const struct app *app, struct rules *ret, struct app_mistakes *mistakes);

/* Rules under which anyone may do anything: for seeds and the command line. */
bool rules_allow_all(struct arena *arena, const struct app *app, struct rules *ret);

/*
 * Compile one text.  A filter may name only what ${caller} may see by the rules of fields (and
 * suggests nothing else); for any other use ${caller} is NULL and of ${rules} only the app is read.
 * ERR_BAD_FILTER with ${ret_error}.
 */
enum err rule_compile(struct arena *arena, const struct rules *rules, const struct collection *collection,
    enum rule_use use, const struct rule_caller *caller, struct str text, const struct rule **ret,
    struct rule_error *ret_error) MUST_USE;

/* Reads only columns of the record (its refs too) and constants of the caller: no other row. */
bool rule_is_local(const struct rule *rule);
/* Does it name `auth` or `request`, so that two callers may see two things? */
bool rule_names_caller(const struct rule *rule);
/*
 * Does it name `now` or `request`, so that its answer changes without a row?  Of a filter, the
 * read rules that it asks too.
 */
bool rule_names_request(const struct rule *rule);
/* Does it read rows of ${collection} (other than the record itself)? */
bool rule_reads(const struct rules *rules, const struct rule *rule, const struct collection *collection);

/*
 * Append a predicate over the table alias t: "(...)", or "1"/"0" ("true"/"false")
 * where the caller alone decides.  Index-friendly: no IS TRUE, no IS NOT DISTINCT FROM.
 * Hops of a filter join under the target's read rule in ${rules}; their aliases
 * are h1, h2, ...  In a create rule `new.` is t as well (the row just written);
 * an update rule that names `new.` looks at two rows: rule_evaluate() only, which
 * sees all other rows as they are before the write.
 * Bound texts borrow from the rule and from ${caller}.
 */
void rule_to_sql(const struct rules *rules, const struct rule *rule, const struct rule_caller *caller,
    struct sql_text *sql);
/* Decided by the caller alone? Then *ret is the answer, and no row needs to be read. */
bool rule_is_decided(const struct rule *rule, const struct rule_caller *caller, bool *ret);
/* Does it hold only where the record's ${field} equals one value, so that an index on (field, x) is in the order of x? */
bool rule_fixes(const struct rule *rule, const struct rule_caller *caller, const struct field *field);
/* Does it hold only for the few rows that an equality finds by an index?  Bools and enums find too many. */
bool rule_is_narrow(const struct rule *rule, const struct rule_caller *caller);

/* The rows that an evaluation in memory looks at, as values by column. */
struct rule_rows {
	const struct value *record;	/* before the write; NULL for a create */
	const struct value *new_record; /* after it; NULL where there is no write */
	/*
	 * The row that a hop leads to: OK with *ret = its values, or NULL where it
	 * does not exist.  The values live at least as long as the evaluation.
	 * NULL: local rules only.
	 */
	enum err (*hop)(void *arg, const struct collection *collection, const struct value *id,
	    const struct value **ret);
	/*
	 * Call ${visit} for the rows of back->from whose back->field refers to
	 * ${id}, until it says false.  A row lives until ${visit} returns.
	 * NULL: rules without macros only.
	 */
	enum err (*walk)(void *arg, const struct back_reference *back, const struct value *id,
	    bool (*visit)(void *visit_arg, const struct value *row), void *visit_arg);
	/* How many they are. */
	enum err (*count)(void *arg, const struct back_reference *back, const struct value *id,
	    int64_t *ret);
	void *arg; /* of the three */
};

/* A part of a rule, and what it gave; the parts of a part are what `&&`, `||`, `!` and `?:` join. */
struct rule_part {
	struct str text;
	bool gave;
	bool decided; /* the whole is as it is because of this part */
	const struct rule_part *first, *next;
};

/*
 * Evaluate the access rule ${text} as rule_evaluate() does, and every part of it by itself, also
 * those that no answer needs.  *ret lives in ${arena}.
 */
enum err rule_explain(struct arena *arena, const struct rules *rules, const struct collection *collection,
    enum rule_use use, struct str text, const struct rule_caller *caller, const struct rule_rows *rows,
    const struct rule_part **ret) MUST_USE;

/* Evaluate an access rule (hops unfiltered) or a local filter. */
enum err rule_evaluate(const struct rule *rule, const struct rule_caller *caller,
    const struct rule_rows *rows, bool *ret) MUST_USE;
/* Does no other row matter to this caller: ${rule} is local, decided, or NULL, which always holds? */
bool rule_is_local_for(const struct rule *rule, const struct rule_caller *caller);
/* Does such a rule hold for the record with ${values}? */
bool rule_holds(const struct rule *rule, const struct rule_caller *caller, const struct value *values);
