import { type Body, type ReplyRecord, ttlOf } from './body.ts'
import type { Question } from './client.ts'

const headerBytes = 12
/** Owner (a pointer to the question, at 12), type, class, TTL, RDLENGTH, address. */
const recordBytes = 16
const pointerAndTypeA = 0xc00c0001
const classIn = 1
const addressBytes = 4
/** Owner (the root), type, payload size, upper response code, version, flags, RDLENGTH. */
const optBytes = 11
const typeOpt = 41

/**
 * The reply of a load balancer's name, read without the general decoder, which is most of the work of a check: A records
 * of the asked name, each with a pointer to the question, then OPT without options or nothing. Undefined for all else,
 * whether it is wrong or only different; for what is read here, `readBody` reads the same.
 */
export function readPlainBody(
  message: Buffer,
  { question, section }: { readonly question: Question; readonly section: Buffer },
): Body | undefined {
  const records = message.readUInt16BE(6)
  const additionals = message.readUInt16BE(10)
  let offset = headerBytes + section.length
  const optAt = offset + records * recordBytes
  if (message.readUInt16BE(8) !== 0 || additionals > 1) return undefined
  if (message.length !== optAt + additionals * optBytes) return undefined
  if (additionals === 1 && !isBareOpt(message, optAt)) return undefined
  const answers: ReplyRecord[] = []
  for (; offset < optAt; offset += recordBytes) {
    if (!isAddressOfQuestion(message, offset)) return undefined
    const data = `${message[offset + 12]}.${message[offset + 13]}.${message[offset + 14]}.${message[offset + 15]}`
    answers.push({ name: question.hostname, type: 'A', ttlSeconds: ttlOf(message.readUInt32BE(offset + 6)), data })
  }
  return {
    answers,
    referral: false,
    edns: additionals === 1,
    upperRcode: additionals === 1 ? (message[optAt + 5] ?? 0) : 0,
  }
}

function isAddressOfQuestion(message: Buffer, offset: number): boolean {
  return (
    message.readUInt32BE(offset) === pointerAndTypeA &&
    message.readUInt16BE(offset + 4) === classIn &&
    message.readUInt16BE(offset + 10) === addressBytes
  )
}

function isBareOpt(message: Buffer, offset: number): boolean {
  return message[offset] === 0 && message.readUInt16BE(offset + 1) === typeOpt && message.readUInt16BE(offset + 9) === 0
}
