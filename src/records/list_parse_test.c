/* What a list's parameters mean, what is wrong with them and where, and which orders are light. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "records/list.h"

static const char app_text[] =
    "app: parse\n"
    "database: sqlite:data/parse.db\n"
    "collections:\n"
    "  users:\n"
    "    fields: { name: { type: text } }\n"
    "    access: { read: true }\n"
    "  posts:\n"
    "    fields:\n"
    "      title: { type: text, required: true, index: true }\n"
    "      votes: { type: int, index: true }\n"
    "      level: { type: enum, values: [low, high], index: true }\n"
    "      shown: { type: bool, index: true }\n"
    "      author: { type: ref, to: users }\n"
    "      slug: { type: text, required: true, unique: true }\n"
    "      nick: { type: text, unique: true }\n"
    "      place: { type: int }\n"
    "    indexes: [[level, -created], [-place, title], [shown, place]]\n"
    "    access: { read: \"shown || author == auth.id\" }\n"
    "  drafts:\n"
    "    fields:\n"
    "      owner: { type: ref, to: users }\n"
    "      title: { type: text, index: true }\n"
    "    access: { read: \"owner == auth.id || 'admin' in auth.roles\" }\n"
    "  counters:\n"
    "    id: int\n"
    "    fields: { name: { type: text } }\n"
    "    access: { read: true }\n";

static struct app *app;
static struct rules rules;
static struct arena app_arena, arena;
static struct list_problem problem;

static const struct str admin_roles[] = { { "admin", 5 } };
static const struct identity admin = { .caller = { .roles = admin_roles, .roles_count = 1 } };
static const struct identity user = {
	.caller = { .signed_in = true, .id = { "018f3a1e-0000-7000-8000-000000000001", 36 } },
};

static int
set_up(void **state)
{
	struct app_mistakes mistakes;

	(void)state;
	app_mistakes_init(&mistakes);
	arena_init(&app_arena, 16 << 20);
	app = app_read(str_from(app_text), &mistakes);
	if (app == NULL || !rules_compile_app(&app_arena, app, &rules, &mistakes)) {
		app_mistakes_print(&mistakes, stderr, "caisson.yaml");
		return -1;
	}
	app_mistakes_release(&mistakes);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&app_arena);
	app_free(app);
	return 0;
}

static int
begin(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* NULL with the problem. */
static const struct list_query *
parse_as(const struct identity *identity, const char *collection, const char *query_string)
{
	struct url_parameter *parameters;
	const struct list_query *query = NULL;
	struct str bad;
	size_t count;

	assert_int_equal(
	    url_parse_query(&arena, str_from(query_string), &parameters, &count, &bad), OK);
	memset(&problem, 0, sizeof(problem));
	if (!list_parse(&arena, &rules, app_collection(app, str_from(collection)), identity,
		parameters, count, STR("secret"), &query, &problem))
		return NULL;
	return query;
}

static const struct list_query *
parse(const char *query_string)
{
	const struct list_query *query = parse_as(&user, "posts", query_string);

	if (query == NULL)
		fail_msg("%s: %s", query_string, problem.detail);
	return query;
}

static void
without_parameters_it_is_twenty_by_id(void **state)
{
	const struct list_query *query = parse("");

	(void)state;
	assert_int_equal(query->limit, 20);
	assert_int_equal(query->offset, 0);
	assert_int_equal(query->keys_count, 1);
	assert_int_equal(query->keys[0].field->column, COLUMN_ID);
	assert_false(query->keys[0].descending || query->has_cursor || query->is_empty);
	assert_null(query->filter);
}

static void
forms_send_empty_parameters(void **state)
{
	const struct list_query *query = parse("filter=&sort=+");

	(void)state;
	assert_null(query->filter);
	assert_int_equal(query->keys_count, 1);
}

static void
a_sort_ends_in_the_id_in_its_last_direction(void **state)
{
	const struct list_query *query = parse("sort=title,-author.name");

	(void)state;
	assert_int_equal(query->keys_count, 3);
	assert_false(query->keys[0].descending || query->keys[0].nullable);
	assert_true(str_is(query->keys[1].hop->name, "author"));
	assert_true(str_is(query->keys[1].field->name, "name"));
	assert_true(query->keys[1].descending && query->keys[1].nullable);
	assert_int_equal(query->keys[2].field->column, COLUMN_ID);
	assert_true(query->keys[2].descending);
}

static void
nothing_orders_behind_the_id(void **state)
{
	const struct list_query *query = parse("sort=votes,-id,title");

	(void)state;
	assert_int_equal(query->keys_count, 2);
	assert_true(query->keys[1].descending);
	assert_null(parse_as(&user, "posts", "sort=id,none"));
}

static void
the_largest_sort_has_eight_names(void **state)
{
	(void)state;
	assert_int_equal(
	    parse("sort=title,votes,level,shown,author,slug,nick,place")->keys_count, 9);
}

struct mistake {
	const char *query;
	enum err err;
	const char *parameter, *code;
	size_t offset;
};

static const struct mistake mistakes[] = {
	{ "nonsense=1", ERR_BAD_PARAMETER, "nonsense", "unknown", 0 },
	{ "Limit=1", ERR_BAD_PARAMETER, "Limit", "unknown", 0 },
	{ "limit=", ERR_BAD_PARAMETER, "limit", "type", 0 },
	{ "limit=ten", ERR_BAD_PARAMETER, "limit", "type", 0 },
	{ "limit=1e2", ERR_BAD_PARAMETER, "limit", "type", 0 },
	{ "limit=+5", ERR_BAD_PARAMETER, "limit", "type", 0 },
	{ "limit=0", ERR_BAD_PARAMETER, "limit", "too_small", 0 },
	{ "limit=-1", ERR_BAD_PARAMETER, "limit", "too_small", 0 },
	{ "limit=1001", ERR_BAD_PARAMETER, "limit", "too_large", 0 },
	{ "limit=99999999999999999999", ERR_BAD_PARAMETER, "limit", "type", 0 },
	{ "offset=10001", ERR_BAD_PARAMETER, "offset", "too_large", 0 },
	{ "count=all", ERR_BAD_PARAMETER, "count", "type", 0 },
	{ "fields=id,", ERR_BAD_PARAMETER, "fields", "unknown", 3 },
	{ "fields=id,none", ERR_BAD_PARAMETER, "fields", "unknown", 3 },
	{ "fields=id,+title,id", ERR_BAD_PARAMETER, "fields", "repeated", 10 },
	{ "fields=title.x", ERR_BAD_PARAMETER, "fields", "type", 0 },
	{ "fields=author.none", ERR_BAD_PARAMETER, "fields", "unknown", 7 },
	{ "fields=author.", ERR_BAD_PARAMETER, "fields", "unknown", 7 },
	{ "fields=_version", ERR_BAD_PARAMETER, "fields", "unknown", 0 },
	{ "expand=,", ERR_BAD_PARAMETER, "expand", "unknown", 0 },
	{ "expand=none", ERR_BAD_PARAMETER, "expand", "unknown", 0 },
	{ "expand=title", ERR_BAD_PARAMETER, "expand", "type", 0 },
	{ "expand=author,slug", ERR_BAD_PARAMETER, "expand", "type", 7 },
	{ "expand=author(", ERR_BAD_PARAMETER, "expand", "unknown", 7 },
	{ "expand=author()", ERR_BAD_PARAMETER, "expand", "unknown", 7 },
	{ "expand=author(fields=none)", ERR_BAD_PARAMETER, "expand", "unknown", 14 },
	{ "expand=author(fields=id", ERR_BAD_PARAMETER, "expand", "unknown", 16 },
	{ "expand=author(fields=id)x", ERR_BAD_PARAMETER, "expand", "unknown", 17 },
	{ "expand=author(limit=5)", ERR_BAD_PARAMETER, "expand", "unsupported", 7 },
	{ "expand=author(offset=5)", ERR_BAD_PARAMETER, "expand", "unknown", 7 },
	{ "expand=author(fields=id;fields=title)", ERR_BAD_PARAMETER, "expand", "repeated", 17 },
	{ "search=x", ERR_BAD_PARAMETER, "search", "unsupported", 0 },
	{ "aggregate=count()", ERR_BAD_PARAMETER, "aggregate", "unsupported", 0 },
	{ "sort=none", ERR_BAD_PARAMETER, "sort", "unknown", 0 },
	{ "sort=title,-none", ERR_BAD_PARAMETER, "sort", "unknown", 7 },
	{ "sort=title,", ERR_BAD_PARAMETER, "sort", "unknown", 6 },
	{ "sort=,title", ERR_BAD_PARAMETER, "sort", "unknown", 0 },
	{ "sort=--title", ERR_BAD_PARAMETER, "sort", "unknown", 1 },
	{ "sort=-", ERR_BAD_PARAMETER, "sort", "unknown", 1 },
	{ "sort=_version", ERR_BAD_PARAMETER, "sort", "unknown", 0 },
	{ "sort=title.x", ERR_BAD_PARAMETER, "sort", "type", 5 },
	{ "sort=author.none", ERR_BAD_PARAMETER, "sort", "unknown", 7 },
	{ "sort=author.", ERR_BAD_PARAMETER, "sort", "unknown", 7 },
	{ "sort=author.name.x", ERR_BAD_PARAMETER, "sort", "type", 0 },
	{ "sort=title,-title", ERR_BAD_PARAMETER, "sort", "repeated", 7 },
	{ "sort=title,votes,level,shown,author,slug,nick,place,created", ERR_BAD_PARAMETER, "sort",
	    "too_many", 47 },
	{ "filter=none==1", ERR_BAD_FILTER, "filter", "filter", 0 },
	{ "filter=votes+%3E+%27a%27", ERR_BAD_FILTER, "filter", "filter", 8 },
	{ "filter=votes+%3E", ERR_BAD_FILTER, "filter", "filter", 7 },
	{ "cursor=", ERR_BAD_CURSOR, "cursor", "cursor", 0 },
	{ "cursor=abc", ERR_BAD_CURSOR, "cursor", "cursor", 0 },
	{ "cursor=abc&offset=5", ERR_BAD_PARAMETER, "cursor", "conflict", 0 },
};

static void
mistakes_are_told_with_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		const struct mistake *mistake = &mistakes[i];

		if (parse_as(&user, "posts", mistake->query) != NULL)
			fail_msg("%s was accepted", mistake->query);
		if (problem.err != mistake->err || !str_is(problem.parameter, mistake->parameter) ||
		    strcmp(problem.code, mistake->code) != 0 || problem.offset != mistake->offset)
			fail_msg("%s: %.*s at %zu, %s: %s", mistake->query,
			    STR_ARGS(problem.parameter), problem.offset, problem.code,
			    problem.detail);
		assert_true(problem.detail[0] != '\0');
	}
}

struct order {
	const char *collection, *query;
	const struct identity *identity;
	enum store_weight weight;
	bool is_pinned;
	const char *index;
};

static const struct order orders[] = {
	{ "posts", "", &user, STORE_LIGHT, true, "sqlite_autoindex_posts_1" },
	{ "posts", "sort=-id", &user, STORE_LIGHT, true, "sqlite_autoindex_posts_1" },
	{ "posts", "sort=title", &user, STORE_LIGHT, true, "posts_title_idx" },
	{ "posts", "sort=-votes", &user, STORE_LIGHT, true, "posts_votes_idx" },
	{ "posts", "sort=author", &user, STORE_LIGHT, true, "posts_author_idx" },
	{ "posts", "sort=slug,votes", &user, STORE_LIGHT, true, "posts_slug_key" },
	{ "posts", "sort=-place,title,-id", &user, STORE_HEAVY, false, NULL },
	{ "posts", "sort=place,-title", &user, STORE_LIGHT, true, "posts_place_desc_title_idx" },
	{ "posts", "sort=-place,title", &user, STORE_LIGHT, true, "posts_place_desc_title_idx" },
	{ "posts", "sort=place,title", &user, STORE_HEAVY, false, NULL },
	/* Nulls are many under a unique index. */
	{ "posts", "sort=nick", &user, STORE_HEAVY, false, NULL },
	/* An index has an enum by its texts. */
	{ "posts", "sort=level", &user, STORE_HEAVY, false, NULL },
	{ "posts", "sort=created", &user, STORE_HEAVY, false, NULL },
	{ "posts", "sort=-created&filter=shown==true", &user, STORE_HEAVY, false, NULL },
	{ "posts", "sort=title,votes", &user, STORE_HEAVY, false, NULL },
	{ "posts", "sort=author.name", &user, STORE_HEAVY, false, NULL },
	/* What the filter fixes stands before the order. */
	{ "posts", "sort=-created&filter=level=='low'", &user, STORE_LIGHT, true,
	    "posts_level_created_desc_idx" },
	{ "posts", "sort=level,created&filter=level=='low'", &user, STORE_LIGHT, true,
	    "posts_level_created_desc_idx" },
	{ "posts", "sort=place&filter=shown==true", &user, STORE_LIGHT, true,
	    "posts_shown_place_idx" },
	{ "posts", "sort=-created&filter=level=='low'||level=='high'", &user, STORE_HEAVY, false,
	    NULL },
	{ "posts", "sort=-created&filter=level!='low'", &user, STORE_HEAVY, false, NULL },
	/* Few rows: SQLite chooses. */
	{ "posts", "sort=title&filter=slug=='a'", &user, STORE_LIGHT, false, "posts_slug_key" },
	{ "posts", "sort=title&filter=votes+in+[1,2]", &user, STORE_LIGHT, false,
	    "posts_title_idx" },
	{ "posts", "sort=title&filter=votes>1", &user, STORE_LIGHT, true, "posts_title_idx" },
	{ "posts", "offset=1000", &user, STORE_LIGHT, true, "sqlite_autoindex_posts_1" },
	{ "posts", "offset=1001", &user, STORE_HEAVY, true, "sqlite_autoindex_posts_1" },
	{ "drafts", "sort=title", &user, STORE_LIGHT, false, "drafts_title_idx" },
	{ "drafts", "", &user, STORE_LIGHT, false, "drafts_owner_idx" },
	{ "drafts", "sort=title", &admin, STORE_LIGHT, true, "drafts_title_idx" },
	{ "counters", "sort=-id", &user, STORE_LIGHT, true, "" },
};

static void
orders_of_an_index_are_light(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		const struct order *order = &orders[i];
		const struct list_query *query =
		    parse_as(order->identity, order->collection, order->query);

		if (query == NULL)
			fail_msg("%s: %s", order->query, problem.detail);
		if (list_weight(query) != order->weight ||
		    query->index.serves != (order->index != NULL) ||
		    query->index.is_pinned != order->is_pinned ||
		    (order->index != NULL && !str_is(query->index.name, order->index)))
			fail_msg("%s?%s: weight %d, pinned %d, \"%.*s\"", order->collection,
			    order->query, (int)list_weight(query), query->index.is_pinned,
			    STR_ARGS(query->index.name));
	}
}

static void
a_caller_without_rows_needs_no_store(void **state)
{
	(void)state;
	assert_true(parse_as(&identity_guest, "drafts", "")->is_empty);
	assert_false(parse_as(&admin, "drafts", "")->is_empty);
	assert_true(parse("filter=1==2")->is_empty);
	assert_int_equal(
	    list_weight(parse_as(&identity_guest, "drafts", "sort=-created")), STORE_LIGHT);
}

static bool
is_same_shape(const char *a, const char *b)
{
	return parse(a)->shape == parse(b)->shape;
}

static void
a_cursor_belongs_to_filter_and_sort(void **state)
{
	(void)state;
	assert_true(is_same_shape("limit=5", "offset=7"));
	assert_true(is_same_shape("sort=votes", "sort=votes,id"));
	assert_true(is_same_shape("", "sort=id"));
	assert_false(is_same_shape("sort=votes", "sort=-votes"));
	assert_false(is_same_shape("sort=votes", "sort=votes,-id"));
	assert_false(is_same_shape("filter=votes==1", "filter=votes==2"));
	assert_true(parse_as(&user, "drafts", "")->shape != parse("")->shape);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_parameters_it_is_twenty_by_id, begin, end),
		cmocka_unit_test_setup_teardown(forms_send_empty_parameters, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_sort_ends_in_the_id_in_its_last_direction, begin, end),
		cmocka_unit_test_setup_teardown(nothing_orders_behind_the_id, begin, end),
		cmocka_unit_test_setup_teardown(the_largest_sort_has_eight_names, begin, end),
		cmocka_unit_test_setup_teardown(mistakes_are_told_with_their_place, begin, end),
		cmocka_unit_test_setup_teardown(orders_of_an_index_are_light, begin, end),
		cmocka_unit_test_setup_teardown(a_caller_without_rows_needs_no_store, begin, end),
		cmocka_unit_test_setup_teardown(a_cursor_belongs_to_filter_and_sort, begin, end),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
