/* A rule part by part: each is a rule of its own. */
#include <assert.h>

#include "rules/rules_internal.h"

struct explanation {
	struct compiler compiler;
	struct rule_error error;
	const struct rule_caller *caller;
	const struct rule_rows *rows;
	enum err err;
};

static struct rule_part *explain(struct explanation *explanation, const struct node *node);

static bool
has_parts(const struct node *node)
{
	return node->kind == NODE_AND || node->kind == NODE_OR || node->kind == NODE_NOT ||
	       node->kind == NODE_CONDITIONAL;
}

static struct rule_part *
fail(struct explanation *explanation, enum err err)
{
	explanation->err = err;
	return NULL;
}

static struct rule_part *
explain_whole(struct explanation *explanation, const struct node *node)
{
	struct rule_part *part = arena_new(explanation->compiler.arena, sizeof(*part));
	const struct rule *rule = part == NULL ? NULL : compiler_check(&explanation->compiler, node);
	enum err err;

	if (rule == NULL)
		return fail(explanation, ERR_TOO_LARGE); /* the text was compiled before: it is good */
	part->text = node->text;
	err = rule_evaluate(rule, explanation->caller, explanation->rows, &part->gave);
	return err == OK ? part : fail(explanation, err);
}

static struct rule_part *
explain(struct explanation *explanation, const struct node *node)
{
	struct rule_part *part = explain_whole(explanation, node);
	const struct rule_part **end;

	if (part == NULL || !has_parts(node))
		return part;
	end = &part->first;
	for (const struct node *child = node->first; child != NULL; child = child->next) {
		struct rule_part *child_part = explain(explanation, child);

		if (child_part == NULL)
			return NULL;
		*end = child_part;
		end = &child_part->next;
	}
	return part;
}

/* Note which parts decided: of an && that is false, the first that is. */
static void
decide(const struct node *node, const struct rule_part *const_part)
{
	struct rule_part *part = (struct rule_part *)const_part;
	bool one_decides = (node->kind == NODE_AND && !part->gave) || (node->kind == NODE_OR && part->gave);
	const struct node *child = node->first;

	part->decided = true;
	if (!has_parts(node))
		return;
	if (node->kind == NODE_CONDITIONAL) {
		decide(child, part->first);
		if (part->first->gave)
			decide(child->next, part->first->next);
		else
			decide(child->next->next, part->first->next->next);
		return;
	}
	for (const struct rule_part *at = part->first; at != NULL; at = at->next, child = child->next) {
		if (one_decides && at->gave != part->gave)
			continue;
		decide(child, at);
		if (one_decides)
			return;
	}
}

enum err
rule_explain(struct arena *arena, const struct rules *rules, const struct collection *collection,
    enum rule_use use, struct str text, const struct rule_caller *caller, const struct rule_rows *rows,
    const struct rule_part **ret)
{
	struct explanation explanation = {
		.compiler = { .arena = arena, .rules = rules, .collection = collection, .use = use, .text = text },
		.caller = caller,
		.rows = rows,
	};
	const struct rule_part *part;
	const struct node *node;

	assert(use != RULE_USE_FILTER);
	explanation.compiler.error = &explanation.error;
	if ((node = compiler_parse(&explanation.compiler)) == NULL)
		return ERR_BAD_FILTER;
	if ((part = explain(&explanation, node)) == NULL)
		return explanation.err;
	decide(node, part);
	*ret = part;
	return OK;
}
