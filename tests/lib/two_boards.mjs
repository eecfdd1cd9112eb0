// Two small apps of the same bones and unlike flesh, for conversations that
// need rules of a known kind: a board of posts with UUIDs, and a ward of cases
// with whole numbers as ids.  `word` maps the parts to the names they have.

export const boards = [
	board({ app: 'board', people: 'users', things: 'posts', groups: 'rooms', title: 'title', owner: 'owner', open: 'public',
		count: 'votes', group: 'room', code: 'slug', intIds: false }),
	board({ app: 'ward', people: 'staff', things: 'cases', groups: 'stations', title: 'name', owner: 'nurse', open: 'shared',
		count: 'visits', group: 'station', code: 'number', intIds: true }),
];

function board(word) {
	const { people, things, groups, title, owner, open, count, group, code } = word;
	const id = word.intIds ? { id: 'int' } : {};
	const anyone = { read: true, create: true, update: true, delete: true };
	const file = {
		app: word.app,
		api: { prefix: '/v1' },
		database: `sqlite:data/${word.app}.db`,
		collections: {
			[people]: { ...id, fields: { name: { type: 'text', required: true } }, access: anyone },
			[groups]: {
				...id,
				fields: {
					name: { type: 'text', required: true, unique: true },
					hidden: { type: 'bool', required: true, default: false },
					head: { type: 'ref', to: people, on_delete: 'set_null' },
				},
				access: { ...anyone, read: "!hidden || 'editor' in auth.roles" },
			},
			[things]: {
				...id,
				fields: {
					[title]: { type: 'text', required: true, min: 2, max: 40 },
					[owner]: { type: 'ref', to: people, default: 'auth.id', readonly: true, on_delete: 'cascade' },
					[group]: { type: 'ref', to: groups, on_delete: 'set_null' },
					[open]: { type: 'bool', required: true, default: false },
					[count]: { type: 'int', required: true, default: 0 },
					[code]: { type: 'text', unique: true },
				},
				access: {
					read: `${open} || ${owner} == auth.id || 'editor' in auth.roles`,
					create: `auth.id != null && new.${count} < 1000`,
					update: `${owner} == auth.id && new.${count} == ${count}`,
					delete: "'admin' in auth.roles",
				},
			},
			drops: {
				fields: { text: { type: 'text', required: true }, sealed: { type: 'bool', required: true, default: true } },
				access: { read: "!sealed || 'editor' in auth.roles", create: true, update: true, delete: true },
			},
			closed: { fields: { text: { type: 'text' } } },
		},
	};
	return { word, file };
}
