#include "api/docs.h"

#include <string.h>

#include "api/answer.h"

static const struct {
	const char *path;
	const struct docs_file *file;
	const char *type;
} files[] = {
	{ "/docs", &docs_html, "text/html; charset=utf-8" },
	{ "/docs/docs.js", &docs_js, "text/javascript; charset=utf-8" },
	{ "/docs/docs.css", &docs_css, "text/css; charset=utf-8" },
};

static enum step_result
answer_docs(struct task *task)
{
	struct request *request = request_of(task);

	for (size_t i = 0; i < COUNT(files); i++) {
		if (strcmp(request->route->path, files[i].path) != 0)
			continue;
		request->answer.type = str_from(files[i].type);
		request->answer.is_page = str_starts_with(request->answer.type, STR("text/html"));
		request->answer.content = (struct str){ (const char *)files[i].file->bytes, files[i].file->size };
	}
	request->answer.status = 200;
	request->answer.cache_control = STR("no-cache");
	return answer_tagged_by_hash(request);
}

const struct step docs_steps[] = { { "answer docs", answer_docs }, { 0 } };
