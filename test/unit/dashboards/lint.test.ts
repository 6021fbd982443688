/** The rules of grafana's dashboard-linter, on the boards as they are shipped. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type BoardName, boardNames, readBoard } from '../../lab/boards.ts'
import { exceptions } from './lint-exceptions.ts'
import { type Finding, type Linted, type RuleName, rules } from './lint-rules.ts'

const ruleNames = Object.keys(rules) as RuleName[]

function findings(rule: RuleName, board: BoardName): Finding[] {
  return rules[rule](readBoard(board) as Linted)
}

describe('the rules of dashboard-linter', () => {
  it('are its 17', () => {
    assert.equal(ruleNames.length, 17)
  })

  for (const rule of ruleNames) {
    it(`${rule} holds on every board, but where an exception says why not`, () => {
      for (const board of boardNames) {
        const excepted = exceptions.filter((each) => each.rule === rule && each.board === board)
        const left = findings(rule, board).filter(
          ({ panel }) => !excepted.some((each) => each.panel === undefined || each.panel === panel),
        )
        assert.deepEqual(left, [], board)
      }
    })
  }

  it('have no exception without need, and none without a reason', () => {
    for (const { rule, board, panel, reason } of exceptions) {
      const needed = findings(rule, board).some((found) => panel === undefined || found.panel === panel)
      assert.ok(needed, `${rule} holds on ${board} without its exception`)
      assert.ok(reason.length > 20)
    }
  })

  it('find what is wrong on a board that breaks each of them', () => {
    const [panel] = readBoard('exporter').panels
    const broken = {
      ...readBoard('exporter'),
      editable: true,
      templating: {
        list: [
          { name: 'ds', label: 'Logs', type: 'datasource', query: 'loki', multi: false, includeAll: false },
          { name: 'x', label: 'X', type: 'query', query: 'values(x)', refresh: 1, multi: false, includeAll: false },
        ],
      },
      panels: [
        { ...panel, title: '', datasource: { uid: 'P123' }, targets: [], fieldConfig: { defaults: {}, overrides: [] } },
        {
          ...panel,
          targets: [
            { refId: 'A', expr: 'rate(a_total[5m]) + b_total' },
            { refId: 'B', expr: '1' },
          ],
        },
      ],
    }
    const silent = ruleNames.filter((rule) => rules[rule](broken as unknown as Linted).length === 0)
    assert.deepEqual(silent, [])
  })
})
