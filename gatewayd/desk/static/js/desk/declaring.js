// What an officer declares of a guest, as the policy asks for it.

import { t } from '/static/js/texts.js'
import { picks, plain } from '/static/js/desk/parts.js'

export const FLAGS = ['healthy', 'protocol', 'certificate']
const ELSEWHERE = 'elsewhere' // Where the policy names the home regions only.

// Returns the part of a request that declares: every yes or no that is asked for, purpose and origin.
export function declaring(desk, draft) {
  const flags = FLAGS.filter((flag) => desk.terms.required.includes(flag)).map((flag) => [flag, true])
  const picked = ['purpose', 'origin'].filter((name) => draft[name]).map((name) => [name, draft[name]])
  return Object.fromEntries([...flags, ...picked])
}

// Returns the choices of purpose and origin: those that are asked for, or those that are only offered.
export function wishes(desk, draft, set, isRequired) {
  const values = { purpose: desk.terms.purposes, origin: [...desk.terms.origins, ELSEWHERE] }
  const names = Object.keys(values).filter((name) => {
    const isOffered = name === 'purpose' && values.purpose.length > 0
    return desk.terms.required.includes(name) ? isRequired : isOffered && !isRequired
  })
  return names.map((name) =>
    picks({
      label: t(`desk.${name}`),
      values: values[name],
      texts: (one) => (one === ELSEWHERE ? t('desk.elsewhere') : plain(one)),
      chosen: draft[name],
      choose: (one) => set({ [name]: one === draft[name] ? null : one })
    })
  )
}

// Returns the names of what is still to be tapped.
export function missing(desk, draft) {
  return ['purpose', 'origin']
    .filter((name) => desk.terms.required.includes(name) && !draft[name])
    .map((name) => t(`desk.${name}`))
}
