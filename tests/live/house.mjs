// The app of the live model: ids of both kinds, cascades, set_null, rules that
// look at the record alone, and rules that look at others.

const anyone = { create: true, update: true, delete: true };
const text = { type: 'text', required: true };
const ref = (to, on_delete, more) => ({ type: 'ref', to, on_delete, ...more });

export const file = {
	app: 'live_model',
	database: 'sqlite:data/live.db',
	collections: {
		people: { fields: { name: text }, access: { read: true, ...anyone } },
		folders: {
			id: 'int',
			fields: { name: text, parent: ref('folders', 'cascade'), head: ref('people', 'set_null') },
			access: { read: true, ...anyone },
		},
		docs: {
			fields: {
				title: text, folder: ref('folders', 'cascade'), owner: ref('people', 'set_null'),
				public: { type: 'bool', required: true, default: false }, votes: { type: 'int', default: 0 },
			},
			access: { read: "public || owner == auth.id || 'editor' in auth.roles", ...anyone },
		},
		comments: {
			id: 'int',
			fields: {
				doc: ref('docs', 'cascade', { required: true }), author: ref('people', 'set_null'),
				hidden: { type: 'bool', required: true, default: false }, text: { type: 'text' },
			},
			access: { read: '!hidden || author == auth.id', ...anyone },
		},
		notes: {
			fields: { doc: ref('docs', 'set_null'), folder: ref('folders', 'cascade'), text: { type: 'text' } },
			access: { read: 'doc.public || doc.owner == auth.id', ...anyone },
		},
	},
};

/* What is followed, and some of it always from the rows that are there: path, filter, whose key, and for local ones the predicate once more, in JavaScript. */
export function queries({ ann, bob, cid, editor }) {
	const doc = (caller) => (row) => row.public || (caller && row.owner === caller.id) || caller?.editor === true;
	const followed = [
		{ name: 'a guest', path: '/docs', holds: doc() },
		{ name: 'ann', path: '/docs', caller: ann, holds: doc(ann) },
		{ name: 'bob, by votes', path: '/docs', caller: bob, filter: 'votes > 2', holds: (row) => doc(bob)(row) && row.votes !== null && row.votes > 2 },
		{ name: 'cid, by title', path: '/docs', caller: cid, filter: "title < 'm' || folder == null", holds: (row) => doc(cid)(row) && (row.title < 'm' || row.folder === null) },
		{ name: "bob's own", path: '/docs', caller: bob, filter: 'owner == auth.id || owner == null && public', holds: (row) => row.owner === bob.id || (row.owner === null && row.public) },
		{ name: 'an editor', path: '/docs', caller: editor, filter: '!public', holds: (row) => !row.public },
		{ name: 'nobody', path: '/docs', filter: 'public && votes in [1, null]', holds: (row) => row.public && (row.votes === 1 || row.votes === null) },
		{ name: 'comments', path: '/comments', holds: (row) => !row.hidden },
		{ name: "ann's comments", path: '/comments', caller: ann, filter: 'author != null', holds: (row) => row.author !== null && (!row.hidden || row.author === ann.id) },
		{ name: 'folders', path: '/folders', filter: 'parent == null', holds: (row) => row.parent === null },
		{ name: 'people', path: '/people', holds: () => true },
		{ name: 'notes', path: '/notes', caller: ann },
		{ name: 'notes of a guest', path: '/notes', filter: "text != 'x'" },
		{ name: 'docs of folders', path: '/docs', caller: bob, filter: "folder.name < 'm'" },
		{ name: 'folders of folders', path: '/folders', filter: 'parent.parent == null' },
	];
	const anew = ['ann', 'bob, by votes', 'folders', 'notes of a guest', 'docs of folders'];
	return [...followed, ...followed.filter(({ name }) => anew.includes(name)).map((query) => ({ ...query, name: `${query.name}, anew`, snapshot: true }))];
}
