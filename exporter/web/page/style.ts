/**
 * Calm where nothing is wrong: color only for what is news. The colors of states are of the palette of Okabe and Ito,
 * which people who are color-blind tell apart, made darker or lighter for a contrast of 4.5 at least; each stands beside
 * a word or a shape that says the same.
 */
export const style = `:root {
  color-scheme: light dark;
  --bg: #fafaf8; --box: #ffffff; --line: #d9dbd7; --ink: #1b1f23; --dim: #595f66;
  --link: #0b5a94; --bad: #a63a00; --bad-bg: #fdeee6; --warn: #7a5700; --warn-bg: #fdf5dd;
  --note: #0b5a94; --note-bg: #e6f1f9; --ratio: #d55e00; --ratio-bg: #f0b48c; --zero: #7c9bb3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #101417; --box: #171c20; --line: #30373d; --ink: #e4e7e9; --dim: #9aa4ac;
    --link: #7cc0f2; --bad: #ff9a66; --bad-bg: #38200f; --warn: #ecc45c; --warn-bg: #322a12;
    --note: #7cc0f2; --note-bg: #14293a; --ratio: #ff9a66; --ratio-bg: #8f4516; --zero: #5d7f99;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 80rem; padding: 0 1rem 1.5rem; background: var(--bg); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
h1, h2, h3, p, ul, ol, figure { margin: 0; padding: 0; }
h2 { font-size: 1.2rem; line-height: 1.3; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .92em; }
code { overflow-wrap: anywhere; }
.dim { color: var(--dim); font-weight: 400; }
.small { font-size: .86rem; }
.plain { list-style: none; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none !important; }

.top { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; align-items: center; padding: .7rem 0 .5rem; }
.top .name { font-size: 1.05rem; font-weight: 600; }
.top .name a { color: inherit; text-decoration: none; }
.top .name a:hover { text-decoration: underline; }
#state { color: var(--dim); }
.control { margin-left: auto; display: flex; gap: .6rem; align-items: center; }
#live[data-state=live]::before { content: ""; display: inline-block; width: .55em; height: .55em; margin-right: .4em; border-radius: 50%; background: var(--note); }
#live[data-state=stale] { background: var(--bad-bg); color: var(--bad); font-weight: 600; padding: .1rem .5rem; border-radius: 4px; }
body[data-live=stale] main { opacity: .72; }
button { font: inherit; color: var(--ink); background: var(--box); border: 1px solid var(--line); border-radius: 4px; padding: .15rem .7rem; cursor: pointer; }

#problems, .cluster { background: var(--box); border: 1px solid var(--line); border-radius: 6px; margin: 0 0 1rem; padding: .8rem 1rem 1rem; min-width: 0; }
#problems { border-left: .4rem solid var(--warn); }
.problem { border-top: 1px solid var(--line); margin-top: .6rem; padding-top: .6rem; overflow-wrap: anywhere; }
.problem h3 { margin-top: 0; }
.advice { margin-top: .3rem; padding: .3rem .6rem; background: var(--note-bg); border-radius: 4px; }
.failure { color: var(--bad); overflow-wrap: anywhere; }

.cluster > header { display: flex; flex-wrap: wrap; gap: .1rem .8rem; align-items: baseline; margin: -.8rem -1rem .6rem; padding: .7rem 1rem .6rem; border-radius: 5px 5px 0 0; border-bottom: 1px solid var(--line); }
.cluster > header.bad { background: var(--bad-bg); box-shadow: inset .4rem 0 var(--bad); }
.cluster > header.warn { background: var(--warn-bg); box-shadow: inset .4rem 0 var(--warn); }
.cluster > header p { flex: 1 1 22rem; overflow-wrap: anywhere; }
.pill { padding: .05rem .5rem; border-radius: 3px; border: 1px solid currentcolor; white-space: nowrap; }
.pill.bad { background: var(--bad); color: var(--box); border-color: var(--bad); }
.pill.warn { color: var(--warn); }
.pill.unknown { color: var(--note); }
.pill.quiet { color: var(--dim); font-weight: 400; }
.lines li { padding: .3rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }

.fresh { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1.3rem; font-size: .9rem; }
.word { font-weight: 600; white-space: nowrap; }
.word.bad, .word.dead { color: var(--bad); }
.word.warn, .word.retired { color: var(--warn); }
.word.pending { color: var(--note); }
.word.active { font-weight: 400; }

.timeline { margin: .8rem 0 0; display: grid; grid-template-columns: 5.6rem minmax(0, 1fr); }
.timeline > svg { display: block; overflow: visible; }
.gutter { font-size: .86rem; color: var(--dim); padding-right: .6rem; text-align: right; }
.gutter span { display: block; }
.gutter .lane { height: 22px; line-height: 22px; }
.gutter .plot { height: 84px; margin-top: 8px; display: flex; flex-direction: column; justify-content: space-between; }
.gutter i { font-style: normal; line-height: 1.1; }
.gutter b { color: var(--ink); font-weight: 600; white-space: nowrap; }
.gutter i:last-child { margin-bottom: -.4em; }
.gutter i:first-child { margin-top: -.4em; }
figcaption { grid-column: 2; margin-top: .2rem; }
.key { display: inline-flex; align-items: center; gap: .25rem; margin-right: .8rem; white-space: nowrap; }
.rule, .grid { stroke: var(--line); stroke-width: 1; }
.grid { stroke-dasharray: 2 3; }
.base { stroke: var(--dim); stroke-width: 1; }
.guide { stroke: var(--warn); stroke-width: 1.5; stroke-dasharray: 4 3; }
.tick { fill: var(--dim); font-size: 12px; }
.ratio { fill: var(--ratio-bg); }
.ratio-top, .zero { fill: none; stroke: var(--ratio); stroke-width: 2; vector-effect: non-scaling-stroke; }
.zero { stroke: var(--zero); stroke-width: 3; }
.mark { flex: none; overflow: visible; fill: var(--note); }
.mark.left, .mark.both { fill: var(--warn); }
.mark.down, .mark.gone { fill: var(--bad); }
.mark.back { fill: var(--zero); }
.timeline > svg .mark path { stroke: var(--box); stroke-width: 1.5; paint-order: stroke; }

.columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 2rem; }
@media (min-width: 60rem) { .columns { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
.box { border: 1px solid var(--line); border-radius: 4px; margin: 0 0 .5rem; padding: 0 .7rem; min-width: 0; }
.box > summary { padding: .35rem 0; cursor: pointer; overflow-wrap: anywhere; }
.box[open] { padding-bottom: .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .7rem .25rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-top: 0; color: var(--dim); font-weight: 400; font-size: .86rem; }
tbody th { font-weight: 400; }
tr.retired td, tr.dead td { background: var(--warn-bg); }
tr.retired td:first-child, tr.dead td:first-child { box-shadow: -.7rem 0 var(--warn-bg); }
tr.retired td:last-child, tr.dead td:last-child { box-shadow: .7rem 0 var(--warn-bg); }
.rows td:first-child { min-width: 4.5rem; }
.rows td .dim { font-size: .9rem; }
@media (min-width: 30.01rem) { .rows td:first-child code { white-space: nowrap; } }
.scroll { overflow-x: auto; }
.matrix th, .matrix td { min-width: 7rem; }
.matrix tr.differs > * { background: var(--bad-bg); }
.matrix .foot > * { font-size: .86rem; color: var(--dim); }
.changes li { display: grid; grid-template-columns: 14px 7rem minmax(0, 1fr); gap: 0 .6rem; padding: .3rem 0; border-top: 1px solid var(--line); }
.changes .mark { margin-top: .2rem; }
.changes p { overflow-wrap: anywhere; }
.when span { display: block; line-height: 1.2; white-space: nowrap; }
.omitted { padding-top: .2rem; }
footer { padding-top: .2rem; }
footer a { display: inline-block; margin-right: 1rem; padding: .2rem 0; }

.cluster h1 { font-size: 1.2rem; overflow-wrap: anywhere; }
.back { margin: 0 0 .5rem; }
.task { margin-top: 1rem; }
.run { margin-top: .4rem; }
.exchange { border-top: 1px solid var(--line); padding: .5rem 0; overflow-wrap: anywhere; }
.exchange dl { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); gap: .1rem .8rem; margin: 0; }
.exchange dt { color: var(--dim); }
.exchange dd { margin: 0; min-width: 0; }
.exchange dd code { display: block; white-space: pre-wrap; }
.exchange.failed { box-shadow: inset .25rem 0 var(--bad); padding-left: .7rem; }

@media (max-width: 30rem) {
  body { padding: 0 .6rem 1rem; }
  #problems, .cluster { padding: .7rem .7rem .8rem; }
  .cluster > header { margin: -.7rem -.7rem .6rem; padding: .6rem .7rem; }
  .timeline { grid-template-columns: 4.4rem minmax(0, 1fr); }
  figcaption { grid-column: 1 / 3; }
  .wide { display: none; }
  .rows thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .rows tr { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 .6rem; border-top: 1px solid var(--line); padding: .3rem 0; }
  .rows td { border: 0; padding: 0; }
  .rows tr.retired, .rows tr.dead { background: var(--warn-bg); box-shadow: -.7rem 0 var(--warn-bg), .7rem 0 var(--warn-bg); }
  .rows tr.retired td, .rows tr.dead td { background: none; box-shadow: none !important; }
  .matrix th, .matrix td { min-width: 5.2rem; padding-right: .5rem; }
  .changes li { grid-template-columns: 14px 5.2rem minmax(0, 1fr); }
  .exchange dl { grid-template-columns: minmax(0, 1fr); }
  .control { margin-left: 0; }
}
@media print { .control { display: none; } }
`
