/**
 * The live part of the page, as the browser gets it: it asks for the page again and changes in place what differs, so
 * that open details, focus, selection and scroll stay. It rests while nobody looks, and says when the exporter is gone.
 */
export const script = `'use strict'
const everyMs = 5000
const limitMs = 4000
const root = document.documentElement
const live = document.getElementById('live')
const pause = document.getElementById('pause')
let answeredAt = Date.now()
let paused = false
let timer
let asking = false

function say(state, words) {
  if (live.dataset.state !== state) live.dataset.state = state
  if (live.textContent !== words) live.textContent = words
  document.body.dataset.live = state
}

function keyOf(node) {
  return node.nodeType === 1 ? node.id || node.dataset?.key || '' : ''
}

function alike(left, right) {
  return left.nodeType === right.nodeType && left.nodeName === right.nodeName && keyOf(left) === keyOf(right)
}

function attributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === 'open' && old.nodeName === 'DETAILS')) old.removeAttribute(name)
  }
  for (const { name, value } of fresh.attributes) {
    // Whether it is open is up to the reader.
    if (name === 'open' && old.nodeName === 'DETAILS') continue
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
}

function children(old, fresh) {
  const keyed = new Map()
  for (const child of old.childNodes) if (keyOf(child)) keyed.set(keyOf(child), child)
  let place = old.firstChild
  for (const child of [...fresh.childNodes]) {
    const key = keyOf(child)
    const own = key ? keyed.get(key) : place
    if (own && alike(own, child) && (key || !keyOf(own))) {
      if (own === place) place = place.nextSibling
      else old.insertBefore(own, place)
      morph(own, child)
    } else old.insertBefore(document.importNode(child, true), place)
  }
  while (place) {
    const gone = place
    place = place.nextSibling
    gone.remove()
  }
}

function morph(old, fresh) {
  if (old.nodeType !== 1) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue
    return
  }
  if (old.isEqualNode(fresh)) return
  attributes(old, fresh)
  children(old, fresh)
}

function failed(why) {
  if (paused) return
  const seconds = Math.round((Date.now() - answeredAt) / 1000)
  say('stale', why + ' for ' + seconds + ' s. What you see is that old.')
}

async function ask() {
  const response = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(limitMs) })
  if (!response.ok) throw new Error('HTTP ' + response.status)
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
  const main = fresh.querySelector('main')
  if (!main) throw new Error('no page')
  // Another version is there: its page needs its own style and script.
  if (fresh.documentElement.dataset.assets !== root.dataset.assets) return location.reload()
  if (document.title !== fresh.title) document.title = fresh.title
  morph(document.querySelector('main'), main)
  morph(document.getElementById('state'), fresh.getElementById('state'))
  answeredAt = Date.now()
  // It may have been paused while the answer was on its way.
  if (!paused) say('live', 'Live')
}

async function turn() {
  clearTimeout(timer)
  if (document.hidden || paused || asking) return
  asking = true
  try {
    await ask()
  } catch (error) {
    failed(/^HTTP/.test(error.message) ? 'The exporter answers ' + error.message : 'The exporter is unreachable')
  } finally {
    asking = false
    if (!document.hidden && !paused) timer = setTimeout(turn, everyMs)
  }
}

pause.addEventListener('click', () => {
  paused = !paused
  pause.textContent = paused ? 'Resume' : 'Pause'
  if (paused) {
    clearTimeout(timer)
    say('paused', 'Paused')
  } else turn()
})
document.addEventListener('visibilitychange', turn)
pause.hidden = false
say('live', 'Live')
timer = setTimeout(turn, everyMs)
`
