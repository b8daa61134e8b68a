// Makes words as large as their place allows, whatever they say and however small the screen is.

const STEPS = 9
const LEAST_PX = 9

// Sets the size of the letters in `box`: all sizes in it are relative to that.
export function fit(box) {
  let least = LEAST_PX
  let most = Math.max(LEAST_PX + 1, Math.min(box.clientHeight, box.clientWidth) / 2)
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (least + most) / 2
    box.style.fontSize = `${middle}px`
    if (box.scrollHeight <= box.clientHeight && box.scrollWidth <= box.clientWidth) least = middle
    else most = middle
  }
  box.style.fontSize = `${least}px`
}
