#include "api/public.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/answer.h"
#include "api/routes.h"
#include "base/limits.h"
#include "base/memory.h"
#include "crypto/hash.h"
#include "http/accept.h"
#include "os/file.h"

enum { FOLDERS_DEEP_MAX = 16, ETAG_DIGITS = 16 };

struct public_file {
	struct str path; /* "/app.js" */
	struct buf bytes;
	struct str type;
	char etag[ETAG_DIGITS]; /* of its bytes */
	struct public_file *next;
};

struct public_files {
	struct public_file *first;
	int64_t size;
};

static const struct {
	const char *ending, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".mjs", "text/javascript; charset=utf-8" },
	{ ".json", "application/json" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
	{ ".jpg", "image/jpeg" },
	{ ".ico", "image/x-icon" },
	{ ".webp", "image/webp" },
	{ ".woff2", "font/woff2" },
	{ ".txt", "text/plain; charset=utf-8" },
	{ ".webmanifest", "application/manifest+json" },
};

static struct str
type_of(struct str path)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		struct str ending = str_from(types[i].ending);

		if (path.size > ending.size &&
		    str_equal(str_slice(path, path.size - ending.size, path.size), ending))
			return str_from(types[i].type);
	}
	return STR("application/octet-stream");
}

static enum err
read_one(struct public_files *files, const char *path, const char *name)
{
	struct public_file *file = memory_new(sizeof(*file));
	char digest[SHA256_HEX_SIZE];
	enum err err;

	file->next = files->first;
	files->first = file;
	file->path = (struct str){ memory_copy(name, strlen(name)), strlen(name) };
	file->type = type_of(file->path);
	buf_init(&file->bytes, (size_t)limit(LIMIT_public_size) + 64 * 1024);
	err = file_read(path, &file->bytes);
	if (err != OK)
		return err;
	sha256_hex(buf_str(&file->bytes), digest);
	memcpy(file->etag, digest, ETAG_DIGITS);
	files->size += (int64_t)file->bytes.size;
	return files->size > limit(LIMIT_public_size) ? ERR_TOO_LARGE : OK;
}

static enum err read_folder(struct public_files *files, const char *folder, const char *name, int deep);

static enum err
read_entry(struct public_files *files, const char *folder, const char *name, const char *entry, int deep)
{
	char path[4096], entry_name[4096];
	struct stat status;

	/* Hidden files (.git, .env) are nobody's business. */
	if (entry[0] == '.')
		return OK;
	if (snprintf(path, sizeof(path), "%s/%s", folder, entry) >= (int)sizeof(path) ||
	    snprintf(entry_name, sizeof(entry_name), "%s/%s", name, entry) >= (int)sizeof(entry_name))
		return ERR_TOO_LARGE;
	if (lstat(path, &status) != 0)
		return ERR_IO;
	if (S_ISDIR(status.st_mode))
		return read_folder(files, path, entry_name, deep + 1);
	/* Links are not followed: they could lead anywhere. */
	return S_ISREG(status.st_mode) ? read_one(files, path, entry_name) : OK;
}

static enum err
read_folder(struct public_files *files, const char *folder, const char *name, int deep)
{
	DIR *dir = deep > FOLDERS_DEEP_MAX ? NULL : opendir(folder);
	struct dirent *entry;
	enum err err = OK;

	if (dir == NULL)
		return deep == 0 && errno == ENOENT ? OK : ERR_IO;
	while (err == OK && (entry = readdir(dir)) != NULL)
		err = read_entry(files, folder, name, entry->d_name, deep);
	closedir(dir);
	return err;
}

enum err
public_read(const char *folder, struct public_files **ret, struct buf *ret_detail)
{
	struct public_files *files = memory_new(sizeof(*files));
	char path[4096];
	enum err err;

	snprintf(path, sizeof(path), "%s/public", folder);
	err = read_folder(files, path, "", 0);
	if (err == OK) {
		*ret = files;
		return OK;
	}
	buf_addf(ret_detail, "%s cannot be read: %s", path,
	    err == ERR_TOO_LARGE ? "it is over the limit public_size" : strerror(errno));
	public_free(files);
	return err;
}

void
public_free(struct public_files *files)
{
	if (files == NULL)
		return;
	while (files->first != NULL) {
		struct public_file *file = files->first;

		files->first = file->next;
		buf_release(&file->bytes);
		free((char *)(uintptr_t)file->path.data);
		free(file);
	}
	free(files);
}

static enum step_result
answer_file(struct task *task)
{
	struct request *request = request_of(task);
	const struct public_file *file = request->file;

	request->answer.status = 200;
	request->answer.type = file->type;
	request->answer.cache_control = STR("no-cache");
	request->answer.etag_shape = (struct str){ file->etag, ETAG_DIGITS };
	buf_add_str(&request->answer.body, buf_str(&file->bytes));
	return answer_conditional(request);
}

static const struct step file_steps[] = { { "answer file", answer_file }, { 0 } };
static const char *const any_parameter[] = { "*", NULL };
static const struct route file_route = { H1_GET, ROUTE_ROOT, "/{file}", BODY_NONE, file_steps,
	any_parameter, NULL, "A file of public/", NULL, NULL };

static const struct public_file *
find_file(const struct public_files *files, struct str path)
{
	for (const struct public_file *file = files->first; file != NULL; file = file->next)
		if (str_equal(file->path, path))
			return file;
	return NULL;
}

/* A page that a single-page app draws itself: only for who asks for HTML by name, never in the API. */
static bool
is_page_of_app(const struct request *request)
{
	struct str path = request->head.path, prefix = request->home->server->app->prefix;

	return (request->head.method == H1_GET || request->head.method == H1_HEAD) &&
	       accept_names(&request->head, STR("text/html")) && !str_starts_with(path, prefix) &&
	       !str_starts_with(path, STR("/health/"));
}

bool
public_find(struct request *request)
{
	const struct public_files *files = request->home->server->files;
	struct str index = STR("/index.html"), path = request->head.path;
	const struct public_file *file;

	if (files == NULL || url_decode(&request->arena, path, false, &path) != OK)
		return false;
	file = find_file(files, str_is(path, "/") ? index : path);
	if (file == NULL && is_page_of_app(request))
		file = find_file(files, index);
	if (file != NULL)
		request->route = &file_route;
	request->is_file = file != NULL;
	request->file = file;
	return file != NULL;
}
