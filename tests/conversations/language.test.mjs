// The rule language as clients and app files meet it: all types, functions, choices, many rows,
// what is hidden, and `caisson can`.

import assert from 'node:assert/strict';
import { refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';

const app = {
	app: 'shelf',
	collections: {
		people: {
			id: 'int',
			fields: {
				name: { type: 'text', fold: true },
				mail: { type: 'email' },
				salary: { type: 'decimal', scale: 2 },
				wage: { type: 'int' },
			},
			access: { read: true, create: true, update: true },
			fields_access: {
				salary: { read: "'boss' in auth.roles" },
				wage: { read: "name == 'Ann' || 'boss' in auth.roles" },
			},
		},
		tags: {
			id: 'int',
			fields: { word: { type: 'text', required: true }, secret: { type: 'bool', default: false } },
			access: { read: "!secret || 'boss' in auth.roles", create: true },
		},
		books: {
			id: 'int',
			fields: {
				title: { type: 'text', required: true },
				author: { type: 'ref', to: 'people' },
				price: { type: 'decimal', scale: 2 },
				weight: { type: 'float' },
				stock: { type: 'int' },
				printed: { type: 'date' },
				words: { type: 'list', of: 'text' },
				meta: { type: 'json' },
				link: { type: 'url' },
				tags: { type: 'refs', to: 'tags' },
				locked: { type: 'bool', default: false },
			},
			access: {
				read: true,
				create: 'new.stock == null || new.stock >= 0',
				update: "!locked && (size(notes) < 2 || request.method == 'PUT') && (new.price > 1.005 ? new.stock > 0 : true)",
				delete: "notes.all(n, n.by == author) && created <= now && request.ip != null",
			},
		},
		notes: {
			id: 'int',
			fields: { book: { type: 'ref', to: 'books' }, by: { type: 'ref', to: 'people' }, open: { type: 'bool', default: true } },
			access: { read: "open || 'boss' in auth.roles", create: "new.book.notes.all(n, n.by != new.by) || 'boss' in auth.roles" },
		},
	},
};

async function prepare(server, guest) {
	const boss = guest.as(server.key('--role', 'boss'));
	const ann = await boss.make('/people', { name: 'Ann', mail: 'ann@example.org', salary: '10.50', wage: 7 });
	const eve = await boss.make('/people', { name: 'Straße', salary: '10.00', wage: 7 });
	const [red, hidden] = [await boss.make('/tags', { word: 'red' }), await boss.make('/tags', { word: 'hidden', secret: true })];
	const books = [];
	for (const body of [
		{ title: 'Alpha', author: ann.id, price: '1.00', weight: 0.5, stock: 1, printed: '2026-11-24', words: ['x', 'it\'s'], meta: { a: 1 }, tags: [red.id, hidden.id] },
		{ title: 'alphabet', author: eve.id, price: '1.01', weight: 9007199254740992, stock: 9007199254740992, printed: '0001-01-01', words: [], tags: [hidden.id] },
		{ title: 'ßeta', price: null, stock: 9007199254740991, link: 'https://example.org/' },
	])
		books.push(await boss.make('/books', body));
	for (const [book, by, open] of [[0, ann, true], [0, eve, false], [1, ann, false]])
		await boss.make('/notes', { book: books[book].id, by: by.id, open });
	return { boss, ann, eve, red, hidden, books };
}

const house = new House('shelf', app, { prepare });
const titles = async (api, filter) => {
	const answer = await api.list('/books', { filter });
	assert.equal(answer.status, 200, `${filter}: ${answer.text}`);
	return answer.json.items.map((book) => book.title).join(' ');
};

/* What a guest and the boss find. */
const filters = [
	['price > 1.005', 'alphabet'],
	['price == 1', 'Alpha'],
	["price == '1.010'", 'alphabet'],
	['price <= 1.0099999999', 'Alpha'],
	['stock == weight', 'alphabet'],
	['stock < weight', ''],
	['stock != weight', 'Alpha ßeta'],
	['stock < 9007199254740991.5', 'Alpha ßeta'],
	['weight == 9007199254740993', ''],
	['stock == 2 * (3 - 1) - 12 / 4', 'Alpha'],
	["title == 'Al' + 'pha'", 'Alpha'],
	["printed == '2026-11-24' || printed < '0001-01-02'", 'Alpha alphabet'],
	["title.startsWith('al')", 'alphabet'],
	["!lower(title).startsWith('al')", 'ßeta'],
	["title.endsWith('a') && !title.contains('ß')", 'Alpha'],
	["lower(author.name) == lower('STRASSE')", 'alphabet'],
	["lower(author.name) == 'strasse'", 'alphabet'],
	['size(title) == 4', 'ßeta'],
	['size(words) >= 0', 'Alpha alphabet'],
	["'it\\'s' in words", 'Alpha'],
	['has(meta) && has(author.mail)', 'Alpha'],
	['meta == null', 'alphabet ßeta'],
	["link.startsWith('https:')", 'ßeta'],
	["(stock > 1 ? title : 'none').contains('b')", 'alphabet'],
	["author.id == 1 ? has(price) : title == 'ßeta'", 'Alpha ßeta'],
	["created > now - duration('1h30m') && created < now + duration('1h')", 'Alpha alphabet ßeta'],
	["request.method == 'GET' && request.ip.startsWith('127.')", 'Alpha alphabet ßeta'],
	['request.ip == auth.id', ''],
	['size(notes) == 1', 'Alpha', 'alphabet'],
	['notes.exists(n, !n.open)', '', 'Alpha alphabet'],
	['notes.all(n, n.by.name == author.name)', 'Alpha alphabet ßeta', 'ßeta'],
	["tags.exists(t, t.word == 'hidden')", '', 'Alpha alphabet'],
	['2 in tags', '', 'Alpha alphabet'],
	["'1' in tags", 'Alpha'],
	['size(tags) == 1', 'Alpha', 'alphabet'],
	['author.books.exists(b, b.notes.exists(n, n.by == b.author) && b.id == id)', 'Alpha'],
	['size(author.books) == 1', 'Alpha alphabet'],
	['author.wage == 7', 'Alpha', 'Alpha alphabet'],
	['author.salary > 10.25', null, 'Alpha'],
];

house.test('filters say all that rules can', async ({ api, boss }) => {
	for (const [filter, guest, bosses = guest] of filters) {
		if (guest !== null)
			assert.equal(await titles(api, filter), guest, `a guest: ${filter}`);
		assert.equal(await titles(boss, filter), bosses, `the boss: ${filter}`);
	}
});

const mistakes = [
	['stock == 1 / 0', 11], ['stock == 9223372036854775807 + 1', 29], ['stock + 1 == 2', 0], ["printed < now", 10],
	["created > now - duration('1d')", 25], ["created > duration('1h')", 10], ['weight == price', 10], ['meta == 1', 0],
	['tags == null', 0], ['title.foo(1)', 6], ["title.contains(1)", 15], ["notes.exists(title, true)", null],
	['notes.exists(a, a.book.notes.exists(b, b.book.notes.exists(c, true)))', 52], ["(locked ? 'a' : 1) == 'a'", 16], ['words.exists(w, true)', 0],
	["level == 'x'", 0], ['title < 5', 8], ['1.5 % 2 == 1', 4], ['lower(author.name) == lower(title)', 22],
];

house.test('mistakes are told with their place', async ({ api }) => {
	for (const [filter, offset] of mistakes) {
		const answer = await api.list('/books', { filter });
		if (offset === null) {
			assert.equal(answer.status, 200, `${filter}: ${answer.text}`);
			continue;
		}
		refused(answer, 400);
		assert.equal(answer.json.errors[0].parameter, 'filter', answer.text);
		assert.equal(answer.json.errors[0].offset, offset, `${filter}: ${answer.text}`);
	}
});

house.test('what may not be seen is as a typo', async ({ api, boss }) => {
	const strip = (answer, word) => ({ ...answer.json, instance: 0, errors: answer.json.errors.map((each) => ({ ...each, detail: each.detail.replaceAll(word, 'W') })) });
	for (const [filter, typo] of [['author.SALARY > 1', 'zzzzzz'], ['author.books.exists(b, b.author.SALARY == 1)', 'zzzzzz'], ['has(author.SALARY)', 'zzzzzz']]) {
		const one = refused(await api.list('/books', { filter: filter.replace('SALARY', 'salary') }), 400);
		const other = refused(await api.list('/books', { filter: filter.replace('SALARY', typo) }), 400);
		assert.deepEqual({ ...strip(one, 'salary'), detail: 0 }, { ...strip(other, typo), detail: 0 });
	}
	const near = refused(await api.list('/people', { filter: 'salarie == 1' }), 400);
	assert.ok(!near.text.includes('salary'), near.text);
	const told = refused(await boss.list('/people', { filter: 'salari == 1' }), 400);
	assert.ok(told.text.includes('salary'), told.text);
});

house.test('rules of writes look at many rows, at the request and at what is new', async ({ api, boss, books, ann, eve }) => {
	const [alpha, alphabet, beta] = books.map((book) => `/books/${book.id}`);
	refused(await boss.patch(alpha, { stock: 5 }), 403); /* it has two notes */
	assert.equal((await boss.patch(beta, { price: '1.00', stock: 0 })).status, 200);
	refused(await boss.patch(beta, { price: '1.01' }), 403); /* nothing in stock */
	assert.equal((await boss.patch(beta, { price: '1.01', stock: 2 })).status, 200);
	refused(await boss.delete(alphabet), 403); /* a note by somebody else */
	refused(await api.post('/notes', { book: books[0].id, by: ann.id }), 401); /* one of hers is there, if hidden */
	assert.equal((await api.post('/notes', { book: books[2].id, by: ann.id })).status, 201);
	refused(await api.post('/notes', { book: books[2].id, by: ann.id }), 401);
	assert.equal((await api.post('/notes', { book: books[2].id, by: eve.id })).status, 201);
});

house.test('now and the request cannot be followed live', async ({ api }) => {
	for (const filter of ['created < now', "request.method == 'GET'"])
		refused(await api.list('/books', { filter }, { accept: 'text/event-stream' }), 400);
});

house.test('caisson can says why', async ({ server, books }) => {
	const can = (...args) => server.run(['can', ...args, '-C', server.folder]);
	const alpha = `books/${books[0].id}`;
	const yes = can('guest', 'read', alpha);
	assert.deepEqual([yes.status, yes.stdout], [0, 'yes\n'], yes.stderr);
	const no = can('-', 'update', alpha, '--why');
	assert.equal(no.status, 1);
	assert.match(no.stdout, /^no\nread rule:\n {2}\* true {3}true\nupdate rule:\n {2}\* false {2}!locked && /);
	assert.match(no.stdout, /\* false {6}size\(notes\) < 2\n/);
	assert.match(no.stdout, /^ {4}true {5}!locked\n/m);
	const json = JSON.parse(can('7', 'delete', alpha, '--role', 'boss', '--json').stdout);
	assert.equal(json.allowed, false);
	assert.deepEqual(json.rules.map((rule) => rule.access), ['read', 'delete']);
	assert.equal(json.rules[1].rule.parts.find((part) => part.decided).text, 'notes.all(n, n.by == author)');
	assert.equal(can('7', 'create', 'books', '--body', '{"title":"x","stock":-1}').stdout, 'no\n');
	assert.equal(can('7', 'create', 'books', '--body', '{"title":"x","stock":1}').stdout, 'yes\n');
	for (const args of [['7', 'read', 'books/99999'], ['7', 'fly', alpha], ['7', 'read', 'nothing/1'], ['7', 'create', 'books', '--body', '{"x":1}']]) {
		const ran = can(...args);
		assert.equal(ran.status, 2, args.join(' '));
		assert.notEqual(ran.stderr, '', args.join(' '));
	}
	assert.equal(can('7', 'read').status, 2);
	await server.stop();
	const stopped = can('guest', 'read', alpha);
	assert.deepEqual([stopped.status, stopped.stdout], [0, 'yes\n'], stopped.stderr);
	await server.start();
});

house.close();
