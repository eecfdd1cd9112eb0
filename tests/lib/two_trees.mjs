// Two apps with chains of references of every kind, one with UUIDs and one with
// whole numbers as ids: root <- branch (cascade) <- leaf (cascade, set_null, restrict).

export const trees = [
	tree({ app: 'garden', root: 'plots', branch: 'beds', leaf: 'plants', note: 'labels', lock: 'fences', intIds: false }),
	tree({ app: 'firm', root: 'companies', branch: 'teams', leaf: 'members', note: 'memos', lock: 'contracts', intIds: true }),
];

function tree(word) {
	const id = word.intIds ? { id: 'int' } : {};
	const access = { read: true, create: true, update: true, delete: true };
	const name = { type: 'text', required: true };
	const ref = (to, on_delete, more) => ({ type: 'ref', to, ...(on_delete ? { on_delete } : {}), ...more });
	return {
		word,
		file: {
			app: word.app,
			database: `sqlite:data/${word.app}.db`,
			collections: {
				[word.root]: { ...id, fields: { name }, access },
				[word.branch]: { ...id, fields: { name, root: ref(word.root, 'cascade', { required: true }), parent: ref(word.branch, 'cascade') }, access },
				[word.leaf]: { ...id, fields: { name, branch: ref(word.branch, 'cascade', { required: true }) }, access },
				[word.note]: { ...id, fields: { name, leaf: ref(word.leaf, 'set_null'), branch: ref(word.branch, 'set_null') }, access },
				[word.lock]: { ...id, fields: { name, leaf: ref(word.leaf) }, access },
			},
		},
	};
}
