// The description of the API: valid, true to the app, and what the page shows.
// (Every answer of every conversation is held against it: tests/lib/described.mjs.)

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import Ajv from 'ajv/dist/2020.js';
import { Validator } from '@seriousme/openapi-schema-validator';
import { chromium } from 'playwright-core';
import { Api, refused } from '../lib/api.mjs';
import { root, Server, writeAppFile } from '../lib/server.mjs';

const apps = readdirSync(join(root, 'tests/apps')).map((name) => join(root, 'tests/apps', name)).concat(join(root, 'examples/handbook'));

async function described(app, options) {
	const server = await Server.start(app, options);
	const answer = await fetch(`${server.url}/openapi.json`);
	return { server, answer, document: await answer.json() };
}

for (const app of apps)
	test(`${app.slice(root.length + 1)}: valid OpenAPI 3.1, every collection in it`, async () => {
		const { server, answer, document } = await described(app);
		assert.equal(answer.status, 200);
		assert.equal(answer.headers.get('content-type'), 'application/json');
		const validity = await new Validator().validate(structuredClone(document));
		assert.deepEqual(validity.errors, undefined);
		assert.equal(document.openapi, '3.1.0');
		const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map((operation) => operation.operationId).filter(Boolean));
		assert.equal(new Set(ids).size, ids.length);
		for (const { name } of document.tags)
			for (const operation of ['list', 'create', 'read', 'put', 'change', 'delete'])
				assert.ok(ids.includes(`${operation}_${name}`), `${operation}_${name}`);
		const again = await fetch(`${server.url}/openapi.json`, { headers: { 'If-None-Match': answer.headers.get('etag') } });
		assert.equal(again.status, 304);
		await server.release();
	});

test('fields become schemas', async () => {
	const { server, document } = await described({
		app: 'shapes',
		collections: {
			owners: { fields: { name: { type: 'text', required: true, min: 1, max: 50 } }, access: { read: true } },
			things: {
				id: 'int',
				fields: {
					title: { type: 'text', required: true },
					size: { type: 'int', min: 0, max: 10, default: 3 },
					kind: { type: 'enum', values: ['a', "it's \"b\""], required: true, default: 'a' },
					owner: { type: 'ref', to: 'owners' },
					seen: { type: 'time', readonly: true },
				},
				access: { read: true },
			},
		},
	});
	const schemas = document.components.schemas;
	assert.deepEqual(schemas.things.properties.size, { type: ['integer', 'null'], format: 'int64', minimum: 0, maximum: 10 });
	assert.deepEqual(schemas.things.required, ['id', 'created', 'updated', 'title', 'size', 'kind', 'owner', 'seen']);
	assert.deepEqual(schemas['things.create'].required, ['title']);
	assert.equal(schemas['things.create'].properties.size.default, 3);
	assert.deepEqual(schemas['things.create'].properties.kind.enum, ['a', "it's \"b\""]);
	assert.equal(schemas['things.create'].properties.seen, undefined);
	assert.equal(schemas['things.create'].properties.created, undefined);
	assert.equal(schemas['things.change'].properties.id, undefined);
	assert.deepEqual(schemas['things.change'].properties.size.anyOf.slice(1).map((operator) => operator.required[0]), ['$inc', '$min', '$max']);
	assert.deepEqual(schemas['things.shown'].properties.owner.anyOf.map((way) => way.$ref ?? way.format), ['uuid', '#/components/schemas/owners.shown']);
	await server.release();
});

test('a JSON Patch that is described is read, and no other', async () => {
	const { server, document } = await described({
		app: 'patched', collections: { things: { id: 'int', fields: { title: { type: 'text' } }, access: { read: true, create: true, update: true } } },
	});
	const fits = new Ajv({ strict: false }).compile(document.components.schemas.JsonPatch);
	const json = { 'Content-Type': 'application/json' };
	await fetch(`${server.url}/v1/things`, { method: 'POST', headers: json, body: '{"id":1,"title":"a"}' });
	const set = { op: 'replace', path: '/title', value: 'b' }, bodies = [
		[], [set], [{ ...set, more: 1 }], [{ op: 'test', path: '', value: {} }], [{ op: 'remove', path: '/~0~1/a~1b' }], [{ op: 'add', path: '/', value: null }],
		[{ op: 'copy', from: '/title', path: '/title' }], [{ op: 'move', from: '', path: '/a' }], Array(1000).fill(set),
		{}, set, 'x', [1], [{}], [{ path: '/title', value: 1 }], [{ op: 'replace', path: '/title' }], [{ op: 'nope', path: '/title', value: 1 }], [{ op: 'add', path: 'title', value: 1 }],
		[{ op: 'add', path: '/a~', value: 1 }], [{ op: 'add', path: '/a~2', value: 1 }], [{ op: 'remove', path: 1 }], [{ op: 'remove' }], [{ op: 'move', path: '/title' }],
		[{ op: 'copy', from: 'title', path: '/title' }], Array(1001).fill(set), [set, null],
	];
	for (const body of bodies) {
		const answer = await fetch(`${server.url}/v1/things/1`, { method: 'PATCH', headers: { 'Content-Type': 'application/json-patch+json' }, body: JSON.stringify(body) });
		assert.equal(answer.status !== 400, fits(body), `${JSON.stringify(body).slice(0, 80)}: ${answer.status} ${await answer.text()}`);
	}
	await server.release();
});

const all = { read: true, create: true, update: true, delete: true };
const library = {
	app: 'library',
	collections: {
		authors: { fields: { name: { type: 'text', required: true, unique: true } }, access: all },
		shelves: { id: 'int', fields: { code: { type: 'text' }, open: { type: 'bool', default: true } }, access: { ...all, read: 'open' } },
		books: {
			fields: {
				title: { type: 'text', required: true, pattern: '^[A-Z]' }, isbn: { type: 'text', required: true, unique: true }, number: { type: 'int', unique: true },
				price: { type: 'decimal', scale: 2 }, fine: { type: 'decimal', scale: 18 }, tags: { type: 'list', of: 'text', min: 1, max: 3 }, more: { type: 'json' },
				author: { type: 'ref', to: 'authors' }, home: { type: 'ref', to: 'shelves', required: true }, shelves: { type: 'refs', to: 'shelves', min: 1, max: 3 }, seen: { type: 'refs', to: 'authors' },
				mail: { type: 'email' }, page: { type: 'url' },
			},
			fields_access: { seen: { read: 'number > 0' } },
			access: all,
		},
	},
};
const book = { title: 'A', isbn: 'x', home: 1, shelves: [1] };

/* A library with three shelves, an author and a book; its description, and a resolver of its references. */
async function open(t, options) {
	const { server, document } = await described(library, options), api = new Api(server);
	t.after(async () => {
		api.close();
		await server.release();
	});
	const resolve = (part) => (part.$ref ? part.$ref.slice(2).split('/').reduce((at, name) => at[name], document) : part);
	const parameter = (path, method, name) => [...(document.paths[path].parameters ?? []), ...document.paths[path][method].parameters].map(resolve).find((one) => one.name === name);
	for (const id of [1, 2, 3])
		await api.make('/shelves', { id, code: `s${id}` });
	const author = await api.make('/authors', { name: 'Ann' });
	return { server, api, document, parameter, author, book: await api.make('/books', { ...book, number: 1, author: author.id, shelves: [1, 2] }) };
}

function fits(schema, value) {
	return new Ajv({ strict: false, validateFormats: false }).compile(schema)(value);
}

test('sort and fields are read as they are described, and not otherwise', async (t) => {
	const { api, parameter } = await open(t);
	const keys = ['id', 'created', 'updated', 'title', 'isbn', 'number', 'price', 'author'];
	const values = {
		sort: ['', 'id', '-created,id', 'title,-price', 'author.name', '-author.name,home.code', 'number,author', keys.join(), `-${keys.join(',-')}`, 'mail,page,fine',
			'-', 'id,', ',id', 'nope', 'tags', 'more', 'shelves', 'author.nope', 'author.books', 'title.id', 'author.name.id', '+id', [...keys.slice(1), 'mail', 'page'].join()],
		fields: ['', 'id', 'id,created', '*', '*,id', 'title,author.name', 'author.*', 'shelves.code,seen,tags', 'author.books', 'author.books.title', 'author.books.author.name', 'author,home.books_home',
			'id,', ',id', 'nope', 'title.id', 'author.nope', 'tags.x', 'author.books.author.books.title', 'author..id', '-id', 'id;title'],
	};
	for (const [name, written] of Object.entries(values)) {
		const described = [parameter('/v1/books', 'get', name), ...(name === 'fields' ? [parameter('/v1/books/{id}', 'get', name)] : [])];
		for (const one of described)
			for (const example of [one.example, ...written]) {
				const answer = await api.list('/books', { [name]: example });
				if (name === 'fields' && /^\w+\.\w/.test(example) && fits(one.schema, example))
					continue; /* what is behind a reference is not told */
				assert.equal(answer.status === 200, fits(one.schema, example), `${name}=${example}: ${answer.status} ${answer.text.slice(0, 300)}`);
			}
	}
});

test('conditions, keys of retries and ids are read as they are described, and not otherwise', async (t) => {
	const { api, document, parameter, author, book } = await open(t);
	const { etag } = await api.get('/books?limit=1'), mine = await api.get(`/books/${book.id}`);
	const tags = ['*', mine.etag, etag, `W/${etag}`, '"7"', '"7.5f", W/"8"', '"a" ,"b"', '""', '"7', '7', 'W/7', '*, "7"', '"a b"', 'w/"7"', '"7" "8"'];
	for (const [method, path] of [['get', '/books'], ['get', `/books/${book.id}`], ['patch', `/books/${book.id}`], ['put', `/books/${book.id}`], ['delete', `/books/${author.id}`]])
		for (const name of method === 'get' ? ['If-Match', 'If-None-Match'] : method === 'put' ? ['If-Match', 'If-None-Match'] : ['If-Match']) {
			const one = parameter(path === '/books' ? '/v1/books' : '/v1/books/{id}', method, name);
			for (const tag of [one.example, ...tags]) {
				const answer = await api.request(method.toUpperCase(), path, { headers: { [name]: tag }, body: method === 'get' || method === 'delete' ? undefined : { title: 'A' } });
				assert.equal(answer.status !== 400, fits(one.schema, tag), `${method} ${path} ${name}: ${tag}: ${answer.status} ${answer.text.slice(0, 300)}`);
			}
		}
	assert.equal(parameter('/v1/books', 'post', 'If-Match'), undefined);
	assert.deepEqual(document.paths['/health/live'].get.parameters, [], 'no condition is read there');
	const once = parameter('/v1/books', 'post', 'Idempotency-Key');
	for (const key of ['a', 'a b:c/d', `"${'q'.repeat(255)}"`, 'k'.repeat(255), `"${'q'.repeat(256)}"`, '""', 'k'.repeat(256)]) {
		const answer = await api.post('/authors', { name: key }, { 'idempotency-key': key });
		assert.equal(answer.status === 201, fits(once.schema, key), `${key}: ${answer.status} ${answer.text.slice(0, 300)}`);
	}
	for (const [path, id, found] of [['books', book.id, true], ['books', 'isbn:x', true], ['books', 'number:1', true], ['books', 'title:A', false], ['books', 'x', false],
		['authors', 'name:Ann', true], ['shelves', '1', true], ['shelves', 'code:s1', false]]) {
		const { schema } = parameter(`/v1/${path}/{id}`, 'get', 'id');
		assert.equal((await api.get(`/${path}/${id}`)).status === 200, found);
		assert.equal(new Ajv({ strict: false, formats: { uuid: /^[0-9a-f-]{36}$/, int64: true } }).compile(schema)(path === 'shelves' && /^\d/.test(id) ? Number(id) : id), found, `${path}/${id}`);
	}
});

test('streams and expansions are described', async (t) => {
	const { document, parameter } = await open(t);
	for (const path of ['/v1/books', '/v1/books/{id}']) {
		assert.match(parameter(path, 'get', 'Last-Event-ID').description, /text\/event-stream/);
		assert.match(document.paths[path].get.responses[200].content['text/event-stream'].schema.description, /Accept/);
	}
	assert.match(parameter('/v1/books', 'get', 'live').description, /Accept: text\/event-stream/);
	assert.match(parameter('/v1/books', 'get', 'expand').description, /: author, home, shelves, seen\./);
	assert.match(parameter('/v1/authors', 'get', 'expand').description, /: books_author, books_seen\./);
});

test('a body that is described is taken', async (t) => {
	const { api, document } = await open(t), { schemas } = document.components;
	assert.deepEqual(schemas['books.create'].required, ['title', 'isbn', 'home', 'shelves']);
	assert.deepEqual(schemas['books.replace'].required, ['title', 'home', 'shelves'], 'the path may say a unique field');
	assert.equal(document.paths['/v1/books/{id}'].put.requestBody.content['application/json'].schema.$ref, '#/components/schemas/books.replace');
	const { title, home, shelves } = book;
	assert.equal((await api.put('/books/isbn:put', { title, home, shelves })).status, 201);
	let count = 0;
	for (const [name, value] of [['price', '1'], ['price', '-1.25'], ['price', '01'], ['price', ''], ['price', '1.234'], ['price', '9999999999999999'], ['price', '99999999999999999'],
		['fine', '0.5'], ['fine', '1.5'], ['mail', `${'a'.repeat(251)}@b.c`], ['mail', `${'a'.repeat(250)}@b.c`], ['page', `http://a/${'x'.repeat(2039)}`], ['page', `http://a/${'x'.repeat(2040)}`],
		['shelves', []], ['shelves', [1, 2, 3]], ['tags', []], ['tags', ['a', 'b', 'c']], ['tags', ['a', 'b', 'c', 'd']], ['tags', null], ['shelves', null], ['title', 'a']]) {
		const body = { ...book, isbn: `n${count++}`, [name]: value };
		const answer = await api.post('/books', body);
		assert.equal(answer.status === 201, fits(schemas['books.create'], body), `${name} ${JSON.stringify(value).slice(0, 50)}: ${answer.text.slice(0, 300)}`);
	}
});

test('an answer may hold what a body may not: fewer links, values of an older file, nothing that is hidden', async (t) => {
	const { server, api, document, book: made } = await open(t);
	const { shelves, title, tags } = document.components.schemas.books.properties;
	assert.deepEqual([shelves.minItems, shelves.maxItems, tags.minItems, tags.maxItems], [undefined, undefined, undefined, undefined]);
	assert.equal(fits(title, 'a'), true);
	const hidden = await api.post('/books', { ...book, isbn: 'hidden', number: 0, shelves: [3], seen: [] });
	assert.equal(hidden.json.seen, null, 'a field that is not seen in this row');
	assert.equal((await api.patch('/shelves/1', { open: false })).status, 204);
	assert.deepEqual((await api.get(`/books/${made.id}`)).json.shelves, [2]);
	assert.equal((await api.get(`/books/${made.id}?expand=home`)).json.home, null, 'a required reference to what may not be read');
	assert.equal((await api.delete('/shelves/2')).status, 204);
	assert.deepEqual((await api.get(`/books/${made.id}`)).json.shelves, []);
	assert.equal((await api.patch(`/books/${made.id}`, { number: 5 })).status, 200);
	assert.deepEqual((await api.list('/books', { sort: 'number' })).json.items.map((item) => item.shelves), [[3], []]);
	await server.stop();
	writeAppFile(server.folder, { ...library, collections: { ...library.collections, books: { ...library.collections.books, fields: { ...library.collections.books.fields, title: { type: 'text', required: true, pattern: '^[0-9]' } } } } });
	assert.ok([0, 3].includes(server.run(['apply', '--yes', '--no-backup', '-C', server.folder]).status));
	await server.start();
	assert.equal((await new Api(server).get(`/books/${made.id}`)).json.title, 'A');
});

test('the limits in force are described', async (t) => {
	const args = Object.entries({ list_limit: 5, expand_limit: 3, array_items: 2, filter_size: 100, expand_depth: 1, count_bound: 4, idempotency_age: 60 }).flatMap(([name, value]) => ['--limit', `${name}=${value}`]);
	const { server, api, parameter, document } = await open(t, { args });
	assert.equal(server.run(['openapi', '-C', server.folder, ...args]).stdout, await (await fetch(`${server.url}/openapi.json`)).text());
	assert.equal(server.run(['openapi', '-C', server.folder, '--limit', 'nope=1']).status, 2);
	assert.deepEqual(parameter('/v1/books', 'get', 'limit').schema, { type: 'integer', minimum: 1, maximum: 5, default: 5 });
	assert.match(parameter('/v1/books', 'get', 'expand').description, /1 levels .*\(1 to 3, without it 3\)/);
	assert.equal(parameter('/v1/books', 'get', 'filter').schema.maxLength, 100);
	assert.match(parameter('/v1/books', 'get', 'count').description, / 4\./);
	for (const [fields, good] of [['author.name', true], ['author.books_author.title', false]]) {
		assert.equal(fits(parameter('/v1/books', 'get', 'fields').schema, fields), good);
		assert.equal((await api.list('/books', { fields })).status === 200, good);
	}
	assert.equal(document.components.schemas['books.create.list'].maxItems, 2);
	refused(await api.post('/authors', [{ name: 'a' }, { name: 'b' }, { name: 'c' }]), 422);
	assert.match(parameter('/v1/books', 'post', 'Idempotency-Key').description, / 60 seconds/);
	const { document: standard, server: other } = await described(library);
	assert.equal(standard.paths['/v1/books'].get.parameters.find((one) => one.name === 'limit').schema.default, 20);
	await other.release();
});

test('the page at /docs shows every operation, sends one, and asks nobody else', async (t) => {
	const { server, document } = await described(join(root, 'examples/handbook'));
	const browser = await chromium.launch({ executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync), args: ['--no-sandbox', '--disable-dev-shm-usage'] });
	t.after(async () => {
		await browser.close();
		await server.release();
	});
	const page = await browser.newPage(), complaints = [];
	page.on('pageerror', (error) => complaints.push(String(error)));
	page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
	page.on('request', (request) => request.url().startsWith(server.url) || /^data:/.test(request.url()) || complaints.push(request.url()));
	await page.goto(`${server.url}/docs`);
	await page.waitForSelector('#operations[aria-busy=false]');
	const count = Object.values(document.paths).flatMap((item) => Object.keys(item)).filter((name) => name !== 'parameters').length;
	assert.equal(await page.locator('details').count(), count);
	assert.doesNotMatch(await page.content(), /placeholder="[^"]*(questions|topics)/, 'no word of another app');
	await page.fill('#find', 'list records');
	assert.ok(await page.locator('details:visible').count() >= document.tags.length);
	await page.locator('#list_topics summary').click();
	await page.locator('#list_topics input[aria-label=limit]').fill('1');
	await page.locator('#list_topics button').click();
	await page.waitForSelector('#list_topics pre');
	assert.match(await page.locator('#list_topics pre').textContent(), /^GET \/v1\/topics\?limit=1\n\n200\n[^]*"items": \[/);
	assert.deepEqual(complaints, []);
});
