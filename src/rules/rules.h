#pragma once
/*
 * The rule language: one grammar for access rules, `filter=` and live filters
 * (a subset of CEL).
 *
 *	text -> tokens -> tree -> checked, typed tree -> SQL with bound values
 *	                                              -> or evaluated in memory
 *
 * Two-valued: null equals only null, an order with null is false, `!` is the
 * exact complement.  Without a signed-in caller every `auth.x` is absent: each
 * ==, order or `in` with it is false, except against the literal null.  SQL on
 * both engines and memory give the same answer.
 *
 *	or	 and ("||" and)*
 *	and	 relation ("&&" relation)*
 *	relation unary (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") unary)?
 *	unary	 "!"* (literal | path | "has(" path ")" | "(" or ")" | "[" items "]")
 *
 * Ids, references and texts compare (with each other only for equality), a
 * text literal beside a time, an id or an enum is converted when compiled, an
 * enum has ==, != and in.  `x in [a, null]` is x == a || x == null; `in
 * auth.roles` takes a text.  auth.id takes the kind of what it stands beside;
 * where it cannot, it equals nothing.
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

enum field_sight {
	FIELD_SHOWN,
	FIELD_HIDDEN, /* the caller alone decides, and may not: as if there were no such field */
	FIELD_BY_ROW, /* null in the rows where its rule is false */
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

/* Reads only columns of the record and constants of the caller: no other row. */
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
 * an update rule that names `new.` looks at two rows: rule_evaluate() only.
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
