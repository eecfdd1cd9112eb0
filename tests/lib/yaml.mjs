// Reads the part of YAML that app files are written in: block and flow
// collections, plain and quoted scalars, comments.  It trusts its input: the
// files of tests/apps, examples and bench, which the server has its own reader for.

export function readYaml(text) {
	const lines = text.split('\n')
		.map((raw) => ({ indent: raw.search(/\S|$/), text: withoutComment(raw).trim() }))
		.filter((line) => line.text !== '' && line.text !== '---');
	const reader = { lines, at: 0 };
	return readBlock(reader, lines[0].indent);
}

function withoutComment(raw) {
	let quote = null;
	for (let i = 0; i < raw.length; i++) {
		if (quote) {
			if (raw[i] === '\\' && quote === '"')
				i++;
			else if (raw[i] === quote)
				quote = null;
		} else if ((raw[i] === '"' || raw[i] === "'") && (i === 0 || /[\s\[{,:]/.test(raw[i - 1]))) {
			quote = raw[i];
		} else if (raw[i] === '#' && (i === 0 || /\s/.test(raw[i - 1]))) {
			return raw.slice(0, i);
		}
	}
	return raw;
}

function readBlock(reader, indent) {
	return reader.lines[reader.at].text.startsWith('- ')
		? readSequence(reader, indent)
		: readMapping(reader, indent);
}

function readSequence(reader, indent) {
	const items = [];
	while (reader.at < reader.lines.length && reader.lines[reader.at].indent === indent &&
	       reader.lines[reader.at].text.startsWith('- '))
		items.push(readValue(reader, reader.lines[reader.at].text.slice(2).trim(), indent));
	return items;
}

function readMapping(reader, indent) {
	const mapping = {};
	while (reader.at < reader.lines.length && reader.lines[reader.at].indent === indent) {
		const match = /^("[^"]*"|'[^']*'|[^:\s]+)\s*:(?:\s+(.*))?$/.exec(reader.lines[reader.at].text);
		if (!match)
			throw new Error(`not a mapping: ${reader.lines[reader.at].text}`);
		mapping[match[1].replace(/^(["'])(.*)\1$/, '$2')] = readValue(reader, match[2] ?? '', indent);
	}
	return mapping;
}

/* The value that begins on the present line; a flow value and a plain text may go on over deeper lines. */
function readValue(reader, text, indent) {
	reader.at++;
	if (text === '|' || text === '>' || text === '|-' || text === '>-')
		return takeDeeper(reader, indent).join(text[0] === '|' ? '\n' : ' ');
	if (text !== '')
		return readFlow([text, ...takeDeeper(reader, indent)].join(' '));
	const next = reader.lines[reader.at];
	if (next && (next.indent > indent || (next.indent === indent && next.text.startsWith('- '))))
		return readBlock(reader, next.indent);
	return null;
}

function takeDeeper(reader, indent) {
	const taken = [];
	while (reader.at < reader.lines.length && reader.lines[reader.at].indent > indent)
		taken.push(reader.lines[reader.at++].text);
	return taken;
}

function readFlow(text) {
	const flow = { text, at: 0 };
	if (text[0] !== '{' && text[0] !== '[' && text[0] !== '"' && text[0] !== "'")
		return scalar(text);
	const value = flowValue(flow);
	if (flow.text.slice(flow.at).trim() !== '')
		throw new Error(`more than one value: ${text}`);
	return value;
}

function flowValue(flow) {
	skipSpace(flow);
	const first = flow.text[flow.at];
	if (first === '{')
		return flowMapping(flow);
	if (first === '[')
		return flowSequence(flow);
	if (first === '"' || first === "'")
		return flowQuoted(flow, first);
	const match = /^(?:[^,\]}:]|:(?!\s))*/.exec(flow.text.slice(flow.at));
	flow.at += match[0].length;
	return scalar(match[0].trim());
}

function flowMapping(flow) {
	const mapping = {};
	for (flow.at++; !ended(flow, '}');) {
		const key = flowValue(flow);
		skipSpace(flow);
		if (flow.text[flow.at] === ':') {
			flow.at++;
			mapping[key] = flowValue(flow);
		} else {
			mapping[key] = null;
		}
	}
	return mapping;
}

function flowSequence(flow) {
	const items = [];
	for (flow.at++; !ended(flow, ']');)
		items.push(flowValue(flow));
	return items;
}

function ended(flow, close) {
	skipSpace(flow);
	if (flow.text[flow.at] === ',') {
		flow.at++;
		skipSpace(flow);
	}
	if (flow.at >= flow.text.length)
		throw new Error(`no ${close} in ${flow.text}`);
	if (flow.text[flow.at] !== close)
		return false;
	flow.at++;
	return true;
}

function flowQuoted(flow, quote) {
	const rest = flow.text.slice(flow.at);
	const match = (quote === '"' ? /^"(?:[^"\\]|\\.)*"/ : /^'(?:[^']|'')*'/).exec(rest);
	flow.at += match[0].length;
	return quote === '"' ? JSON.parse(match[0]) : match[0].slice(1, -1).replaceAll("''", "'");
}

function skipSpace(flow) {
	while (/\s/.test(flow.text[flow.at] ?? ''))
		flow.at++;
}

function scalar(text) {
	if (text === 'true' || text === 'false')
		return text === 'true';
	if (text === 'null' || text === '~' || text === '')
		return null;
	if (/^-?(0|[1-9][0-9]*)$/.test(text))
		return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
	if (/^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/.test(text))
		return Number(text);
	return text;
}

/*
 * The other way: JSON, which is YAML, with a line for each member, and whole
 * numbers to the last digit.  A default that is an expression stands plain: in
 * quotes it would be a text.
 */
export function writeYaml(value) {
	const text = JSON.stringify(value, (name, each) => (typeof each === 'bigint' ? `@int:${each}` : each), 1);
	return text.replace(/"@int:(-?\d+)"/g, '$1').replace(/("default": )"(now|auth\.[a-z_]+)"/g, '$1$2') + '\n';
}
