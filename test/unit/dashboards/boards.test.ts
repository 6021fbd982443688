/** The boards as they are shipped: whole, alike, and with nothing in them that is not there. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { defaultConfig } from '../../../alerts/config.ts'
import { ruleGroups } from '../../../alerts/rules.ts'
import { boards as uids } from '../../../dashboards/board.ts'
import { colors } from '../../../dashboards/colors.ts'
import { boardNames, readBoard } from '../../lab/boards.ts'
import type { Board, Panel } from '../../lab/grafana.ts'

const checkout = resolve(import.meta.dirname, '../../..')
const folder = resolve(checkout, 'dashboards')
const boards = boardNames.map(readBoard)
const gridWidth = 24

/** Every object in the JSON with what it stands under. */
function* objects(value: unknown, key = ''): Generator<[string, Record<string, unknown>]> {
  if (Array.isArray(value)) for (const each of value) yield* objects(each, key)
  else if (typeof value === 'object' && value !== null) {
    yield [key, value as Record<string, unknown>]
    for (const [name, each] of Object.entries(value)) yield* objects(each, name)
  }
}

function panelsWithQueries(board: Board): readonly Panel[] {
  return board.panels.filter(({ type }) => type !== 'text')
}

describe('the boards', () => {
  it('are the four, each in a file of its uid', () => {
    assert.deepEqual(
      boards.map(({ uid }) => uid),
      [...uids],
    )
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
    assert.deepEqual(files.sort(), uids.map((uid) => `${uid}.json`).sort())
  })

  for (const [index, board] of boards.entries()) {
    const name = boardNames[index]
    const text = readFileSync(resolve(folder, `${board.uid}.json`), 'utf8')
    const raw: Record<string, unknown> = JSON.parse(text)

    it(`${name}: has what all boards have in common`, () => {
      const { tags, timezone, refresh, editable, schemaVersion, graphTooltip, id } = raw
      assert.deepEqual(
        { tags, timezone, refresh, editable, schemaVersion, graphTooltip, id },
        {
          tags: ['elb-churn'],
          timezone: 'browser',
          refresh: '30s',
          editable: false,
          schemaVersion: 42,
          graphTooltip: 1,
          id: undefined,
        },
      )
      assert.deepEqual(board.templating.list[0]?.name, 'datasource')
      const [builtIn] = board.annotations.list
      assert.deepEqual([builtIn?.name, builtIn?.builtIn], ['Annotations & Alerts', 1])
    })

    it(`${name}: numbers its panels and names its queries as Grafana does, and hides nothing in menus`, () => {
      assert.deepEqual(
        board.panels.map(({ id }) => id),
        board.panels.map((_, at) => at + 1),
      )
      for (const { targets = [] } of board.panels) {
        assert.deepEqual(
          targets.map(({ refId }) => refId),
          targets.map((_, at) => 'ABCDEFGHIJ'[at]),
        )
      }
      assert.ok(!text.includes('placement": "inControlsMenu'))
      assert.equal(new Set(board.panels.map(({ title }) => title)).size, board.panels.length, 'titles are unique')
    })

    it(`${name}: takes every data source from the variable`, () => {
      for (const [key, object] of objects(raw)) {
        if (key !== 'datasource') continue
        assert.ok([`\${datasource}`, '-- Grafana --'].includes(String(object.uid)), JSON.stringify(object))
      }
      for (const { targets = [] } of panelsWithQueries(board)) {
        for (const { datasource } of targets) assert.equal(datasource?.uid, `\${datasource}`)
      }
      assert.doesNotMatch(text, /\$\{DS_|__inputs/)
    })

    it(`${name}: tells of each panel how to read it, its unit, and what emptiness means`, () => {
      for (const { title, description } of board.panels) assert.match(description, /^.{20,}\.$/, title)
      for (const { title, fieldConfig } of panelsWithQueries(board)) {
        const { unit, noValue = '' } = fieldConfig?.defaults ?? {}
        assert.ok(unit !== undefined, title)
        assert.match(noValue, /^[A-Z].{4,}/, `${title} says what it means that there is nothing`)
        assert.doesNotMatch(noValue, /^(0|N\/A|No data)$/)
      }
    })

    it(`${name}: fills its grid without overlap and without gap`, () => {
      const height = Math.max(...board.panels.map(({ gridPos: { y, h } }) => y + h))
      const taken = new Map<number, string>()
      for (const { title, gridPos } of board.panels) {
        assert.ok(gridPos.x + gridPos.w <= gridWidth, title)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
            const cell = y * gridWidth + x
            assert.equal(taken.get(cell), undefined, `${title} overlaps`)
            taken.set(cell, title)
          }
        }
      }
      assert.equal(taken.size, height * gridWidth, 'no gap')
    })

    it(`${name}: colours by words too, and only with colours that all can tell apart`, () => {
      const known = new Set<unknown>([...Object.values(colors), 'transparent', 'rgba(0, 211, 255, 1)'])
      for (const [, object] of objects(raw)) {
        for (const key of ['color', 'fixedColor', 'iconColor']) {
          const color = object[key]
          if (typeof color === 'string') assert.ok(known.has(color), color)
        }
      }
      for (const { title, type, fieldConfig } of board.panels) {
        if (type !== 'state-timeline') continue
        const states = (fieldConfig?.defaults.mappings ?? []).flatMap(({ options }) => Object.values(options))
        assert.ok(states.length > 1, title)
        assert.equal(new Set(states.map((state) => state.text)).size, states.length)
        assert.equal(new Set(states.map((state) => state.color)).size, states.length)
      }
    })
  }

  it('have verdict, addresses, answers and the ratio of the incident above the fold of 1080 lines', () => {
    // 1080 less the browser's own 120, Grafana's bar 48 and controls 64; a row of the grid is 30 pixels and 8 between.
    const fold = Math.floor((1_080 - 120 - 48 - 64) / 38)
    const above = readBoard('incident').panels.filter(({ gridPos: { y, h } }) => y + h <= fold)
    const titles = above.map(({ title }) => title)
    for (const title of [
      'Is it this outage?',
      'Load balancers that lost an address',
      'Addresses that left',
      'Nodes not ready',
      'Node-seconds lost',
      'What to do',
      'Addresses of the load balancers',
      'DNS answers of each resolver',
      'Nodes not ready, by reason',
    ]) {
      assert.ok(titles.includes(title), `${title} is below line ${fold} of the grid`)
    }
  })

  it('have one time axis: every panel over time on the incident board is as wide, with an axis as wide', () => {
    const overTime = readBoard('incident').panels.filter(({ type }) => /timeseries|state-timeline/.test(type))
    const shapes = overTime.map(({ gridPos: { x, w }, fieldConfig }) => [x, w, fieldConfig?.defaults.custom?.axisWidth])
    assert.ok(shapes.length >= 5)
    assert.equal(new Set(shapes.map((shape) => shape.join())).size, 1, JSON.stringify(shapes))
  })

  it('colour by the thresholds of the alerts', () => {
    const ratio = readBoard('incident').panels.find(({ title }) => title === 'Nodes not ready')
    const steps = ratio?.fieldConfig?.defaults.thresholds?.steps.map(({ value }) => value)
    assert.deepEqual(steps, [null, defaultConfig.not_ready_warning_ratio, defaultConfig.not_ready_critical_ratio])
  })
})

describe('the links', () => {
  const exists = (url: string) => {
    const [, uid] = /^\/d\/([\w-]+)/.exec(url) ?? []
    if (uid !== undefined) return uids.some((each) => each === uid)
    if (url.startsWith(`${defaultConfig.runbook_url}/`)) {
      return existsSync(resolve(checkout, 'alerts/runbooks', url.slice(defaultConfig.runbook_url.length + 1)))
    }
    return url.startsWith('/alerting/list')
  }

  for (const board of boards) {
    it(`of ${board.uid} lead to what exists, those in texts and cells too`, () => {
      const inTexts = board.panels.flatMap(({ options }) =>
        [...(options.content ?? '').matchAll(/\]\(([^)]+)\)/g)].map(([, url = '']) => url),
      )
      const inCells = [...objects(board.panels)].flatMap(([key, { url }]) => (key === 'value' ? [String(url)] : []))
      const urls = [...board.links.map(({ url }) => url), ...inTexts, ...inCells.filter((url) => url.startsWith('/'))]
      assert.ok(urls.length >= 4)
      for (const url of urls) assert.ok(exists(url), url)
    })

    it(`of ${board.uid} lead to every other board, with time range and variables`, () => {
      const others = uids.filter((uid) => uid !== board.uid)
      for (const uid of others) {
        const link = board.links.find(({ url }) => url === `/d/${uid}`)
        assert.deepEqual([link?.keepTime, link?.includeVars], [true, true], uid)
      }
    })
  }

  it('of a row of the fleet carry its cluster, the data source and the time range to the incident board', () => {
    const links = [...objects(readBoard('fleet').panels)].filter(([, { title }]) => title === 'Open the incident board')
    assert.deepEqual(
      links.map(([, { url }]) => url),
      [
        `/d/elb-churn-incident?var-datasource=\${datasource}&var-cluster=\${__data.fields.Cluster:percentencode}&\${__url_time_range}`,
      ],
    )
  })

  it('of the alerts lead to boards that exist, and set variables that these have', () => {
    const alerts = ruleGroups(defaultConfig).flatMap(({ rules }) => rules.filter((rule) => 'alert' in rule))
    assert.ok(alerts.length > 10)
    for (const { alert, annotations } of alerts) {
      const [, uid, query = ''] = /\/d\/([\w-]+)\?(.*)$/s.exec(annotations.dashboard_url) ?? []
      const board = boards.find((each) => each.uid === uid)
      assert.ok(board !== undefined, `${alert} links to ${uid}`)
      for (const [, name] of query.matchAll(/\bvar-(\w+)=/g)) {
        assert.ok(
          board.templating.list.some((variable) => variable.name === name),
          `${alert} sets ${name}`,
        )
      }
    }
  })
})
