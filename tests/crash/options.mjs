// The options of the crash programs: --name, or --name value.

export function readOptions(known) {
	const options = { ...known }, words = process.argv.slice(2);
	for (let word; (word = words.shift()) !== undefined;) {
		const name = word.replace(/^--/, '');
		if (!(name in known)) {
			console.error(`unknown option ${word}; known: ${Object.keys(known).map((each) => `--${each}`).join(' ')}`);
			process.exit(2);
		}
		options[name] = typeof known[name] === 'boolean' ? true : typeof known[name] === 'number' ? Number(words.shift()) : words.shift();
	}
	return options;
}
