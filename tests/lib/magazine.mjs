// Two apps of one shape and unlike words: people, their posts, the comments on
// them.  Some people and comments may not be read by guests, some fields by
// nobody but staff, and some in a few rows only.  And the same in memory.

import { Api } from './api.mjs';
import { House } from './house.mjs';
import { seeded } from './ids.mjs';

const open = { create: true, update: true, delete: true };
const STAFF = "'staff' in auth.roles";

const words = [
	{ app: 'magazine', people: 'people', posts: 'posts', comments: 'comments', author: 'author', editor: 'editor', post: 'post', writer: 'writer', parent: 'parent', id: {} },
	{ app: 'garage', people: 'mechanics', posts: 'repairs', comments: 'remarks', author: 'main', editor: 'second', post: 'repair', writer: 'by', parent: 'answers', id: { id: 'int' } },
];

export const magazines = words.map((word) => ({
	word,
	file: {
		app: word.app, database: 'sqlite:data/app.db', collections: {
			[word.people]: {
				...word.id, access: { ...open, read: `!ghost || ${STAFF}` },
				fields: {
					name: { type: 'text', required: true, index: true }, ghost: { type: 'bool', required: true, default: false },
					pay: { type: 'int', index: true }, mood: { type: 'text' },
				},
				fields_access: { pay: { read: STAFF }, mood: { read: `name == auth.id || ${STAFF}` } },
			},
			[word.posts]: {
				...word.id, access: { ...open, read: true }, indexes: [['votes', '-created']],
				fields: {
					title: { type: 'text', required: true }, votes: { type: 'int', required: true, default: 0 },
					[word.author]: { type: 'ref', to: word.people, on_delete: 'set_null' },
					[word.editor]: { type: 'ref', to: word.people, on_delete: 'set_null' },
					fans: { type: 'refs', to: word.people }, note: { type: 'text' }, hint: { type: 'int' },
				},
				fields_access: { note: { read: STAFF }, hint: { read: `votes > 2 || ${STAFF}` } },
			},
			[word.comments]: {
				...word.id, access: { ...open, read: `shown || ${STAFF}` },
				fields: {
					text: { type: 'text', required: true }, stars: { type: 'int', required: true, default: 1 }, shown: { type: 'bool', required: true, default: true },
					[word.post]: { type: 'ref', to: word.posts, on_delete: 'cascade' },
					[word.writer]: { type: 'ref', to: word.people, on_delete: 'set_null' },
					[word.parent]: { type: 'ref', to: word.comments, on_delete: 'set_null' },
				},
				fields_access: { [word.parent]: { read: `stars > 1 || ${STAFF}` } },
			},
		},
	},
}));

async function seed(api, { word }) {
	const random = seeded(11), any = (list) => list[Math.floor(random() * list.length)];
	const made = async (path, bodies) => (await api.post(`/${path}`, bodies)).json.items;
	const people = await made(word.people, ['ann', 'bob', 'cid', 'dot', 'eve'].map((name, i) =>
		({ name, ghost: i % 2 === 1, pay: i * 10, mood: i === 2 ? null : `m${i}` })));
	const posts = await made(word.posts, Array.from({ length: 12 }, (_, i) => ({
		title: `t${i}`, votes: i % 5, note: `n${i}`, hint: i, fans: people.filter(() => random() > 0.5).map(({ id }) => id),
		[word.author]: any([null, ...people])?.id ?? null, [word.editor]: any([null, ...people])?.id ?? null,
	})));
	const comments = [];
	for (let i = 0; i < 80; i++) {
		comments.push(...await made(word.comments, [{
			text: any(["it's", 'a;b', 'c)d', 'x', '"q"']), stars: i % 4, shown: i % 3 !== 0,
			[word.post]: any([null, ...posts])?.id ?? null, [word.writer]: any([null, ...people])?.id ?? null,
			[word.parent]: any([null, ...comments])?.id ?? null,
		}]));
	}
	return new Model(word, { people, posts, comments });
}

/* What is in the database, and what a caller sees of it. */
class Model {
	constructor(word, rows) {
		Object.assign(this, { word, rows });
	}

	/* The record as `caller` {staff, name} sees it, or null. */
	see(kind, row, caller) {
		const { word } = this;
		if (!row || (!caller.staff && ((kind === 'people' && row.ghost) || (kind === 'comments' && !row.shown))))
			return null;
		const seen = { ...row };
		if (caller.staff)
			return seen;
		if (kind === 'people') {
			delete seen.pay;
			seen.mood = row.name === caller.name ? row.mood : null;
		} else if (kind === 'posts') {
			delete seen.note;
			seen.fans = row.fans.filter((id) => this.find('people', id, caller));
			seen.hint = row.votes > 2 ? row.hint : null;
		} else {
			seen[word.parent] = row.stars > 1 ? row[word.parent] : null;
		}
		return seen;
	}

	find(kind, id, caller) {
		return this.see(kind, this.rows[kind].find((row) => row.id === id) ?? null, caller);
	}

	/* Those of `kind` that the caller sees, by id. */
	all(kind, caller) {
		return this.rows[kind].map((row) => this.see(kind, row, caller)).filter((row) => row !== null).sort(byId);
	}
}

export function byId(a, b) {
	return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/* A house for each magazine; conversations are told {model, word, callers: [{api, staff, name}]}. */
export function magazineHouses() {
	return magazines.map((app) => {
		const house = new House(app.file.app, app.file, {
			async prepare(server, guest) {
				/* What was sent, with what the server added; a guest would not be told. */
				const api = new Api(server, { key: server.key('--user', 'root', '--role', 'staff') });
				const model = await seed(api, app);
				api.close();
				return { model, word: app.word, keys: { staff: server.key('--role', 'staff'), ann: server.key('--user', 'ann') } };
			},
		});
		const plain = house.test.bind(house);
		house.test = (name, conversation, rest) => plain(name, async (given) => {
			const callers = [
				{ api: given.api, staff: false, name: undefined },
				{ api: given.api.as(given.keys.ann), staff: false, name: 'ann' },
				{ api: given.api.as(given.keys.staff), staff: true, name: undefined },
			];
			try {
				await conversation({ ...given, callers });
			} finally {
				callers.forEach(({ api }) => api.close());
			}
		}, rest);
		return house;
	});
}
