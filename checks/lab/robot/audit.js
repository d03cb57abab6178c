// What stands in the way of a person who reads the page by ear, goes through it by keyboard, or sees little: a list of
// complaints, empty when there are none. It knows WCAG 2.2 only where a machine can tell; axe-core tells more.
(() => {
	const found = [];
	const all = s => [...document.querySelectorAll(s)];
	const say = (what, e) => found.push(what + (e ? ": " + e.outerHTML.replace(/\s+/g, " ").slice(0, 140) : ""));
	const seen = e => {
		const r = e.getBoundingClientRect();
		return e.checkVisibility({opacityProperty: true, visibilityProperty: true}) && r.width > 1 && r.height > 1;
	};
	const words = e => (e?.textContent ?? "").trim();
	const name = e => e.getAttribute("aria-label")?.trim()
		|| (e.getAttribute("aria-labelledby") ?? "").split(/\s+/).map(id => words(document.getElementById(id))).join("").trim()
		|| [...(e.labels ?? [])].map(words).join("") || (e.matches("input,select,textarea") ? "" : words(e))
		|| e.getAttribute("title")?.trim() || (e.matches("input[type=submit],input[type=button]") ? e.value : "")
		|| (e.querySelector("img[alt]")?.alt ?? "");

	if (!document.title.trim()) say("no title");
	if (!document.documentElement.lang) say("no language");
	if (all("main").length != 1) say(all("main").length + " main parts");
	const headings = all("h1,h2,h3,h4,h5,h6").filter(seen);
	if (headings.filter(h => h.tagName == "H1").length != 1) say(headings.filter(h => h.tagName == "H1").length + " first headings");
	headings.reduce((before, h) => {
		const level = Number(h.tagName[1]);
		if (level > before + 1) say("a heading of level " + level + " after one of level " + before, h);
		return level;
	}, 0);
	const ids = all("[id]").map(e => e.id);
	for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) != i))) say("the id " + id + " is there more than once");
	for (const e of all("[aria-labelledby],[aria-describedby],[aria-controls],label[for]"))
		for (const a of ["aria-labelledby", "aria-describedby", "aria-controls", "for"])
			for (const id of (e.getAttribute(a) ?? "").split(/\s+/).filter(Boolean))
				if (!document.getElementById(id)) say(a + " names " + id + ", which is not there", e);
	if (!all("[aria-live]:not([aria-live=off]),[role=status],[role=alert],[role=log],output").length) say("no live region");
	for (const e of all("img:not([alt]),svg:not([aria-label]):not([aria-labelledby])"))
		if (!e.closest("[aria-hidden=true],[role=img][aria-label],[role=img][aria-labelledby]")) say("a picture without words", e);
	for (const e of all("[tabindex]")) if (e.tabIndex > 0) say("an order of its own", e);

	const controls = all("a[href],button,input:not([type=hidden]),select,textarea,summary,[role=button],[role=link],[tabindex='0']");
	for (const e of controls) {
		if (!e.checkVisibility({visibilityProperty: true})) continue;
		if (!name(e)) say("a control without a name", e);
		const inline = e.matches("a") && getComputedStyle(e).display == "inline" && words(e.parentElement) != words(e);
		const sides = [e, ...(e.labels ?? [])].filter(seen).map(x => x.getBoundingClientRect());
		if (!inline && !sides.some(r => r.width >= 23.5 && r.height >= 23.5)) say("a target under 24 px", e);
	}

	const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
	const rgba = colour => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
	const behind = e => {
		const layers = [];
		for (; e; e = e.parentElement) {
			if (getComputedStyle(e).backgroundImage != "none") return null; // a picture: not for arithmetic
			const c = rgba(getComputedStyle(e).backgroundColor);
			if (c[3] > 0) layers.push(c);
			if (c[3] == 1) break;
		}
		const paper = getComputedStyle(document.documentElement).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches
			? [18, 18, 18, 1] : [255, 255, 255, 1];
		return layers.reverse().reduce((below, c) => over(c, below), paper);
	};
	const bright = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n = texts.nextNode(); n; n = texts.nextNode()) {
		const e = n.parentElement;
		if (!words(n) || !seen(e) || e.closest("[disabled],[aria-disabled=true],script,style,noscript,option")) continue;
		const style = getComputedStyle(e), ground = behind(e);
		if (!ground) continue;
		const a = bright(over(rgba(style.color), ground)), b = bright(ground);
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
		if (ratio < (large ? 3 : 4.5)) say("contrast " + ratio.toFixed(2) + " of “" + words(n).slice(0, 40) + "”", e);
	}
	return found;
})()
