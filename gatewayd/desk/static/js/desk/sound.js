// Three sounds: for who passes, who needs the officer, who does not pass. They tell nothing else.

// A browser is silent until somebody taps: so the sound is off until it is switched on here.
const TONES = {
  admitted: [
    [660, 0, 0.09],
    [990, 0.1, 0.14]
  ],
  referred: [
    [520, 0, 0.16],
    [520, 0.24, 0.16],
    [520, 0.48, 0.16]
  ],
  refused: [[240, 0, 0.3]],
  breached: [
    [880, 0, 0.12],
    [620, 0.14, 0.12],
    [880, 0.28, 0.12],
    [620, 0.42, 0.12]
  ]
}
let context = null

export function isLoud() {
  return context !== null && context.state === 'running'
}

// Has to be called by a tap.
export async function setLoud(wanted) {
  if (!wanted) {
    await context?.suspend()
    return
  }
  context ??= new AudioContext()
  await context.resume()
  play('admitted')
}

export function play(kind) {
  if (!isLoud() || TONES[kind] === undefined) return
  for (const [pitch, at, length] of TONES[kind]) {
    const tone = context.createOscillator()
    const volume = context.createGain()
    tone.frequency.value = pitch
    tone.type = kind === 'refused' ? 'sawtooth' : 'sine'
    const begin = context.currentTime + at
    volume.gain.setValueAtTime(0.0001, begin)
    volume.gain.exponentialRampToValueAtTime(0.4, begin + 0.015)
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + length)
    tone.connect(volume).connect(context.destination)
    tone.start(begin)
    tone.stop(begin + length + 0.02)
  }
}
