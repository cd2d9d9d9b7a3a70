/** The media types of images that OpenAI takes. */
export const imageTypes: ReadonlySet<string> = new Set([
  "image/jpeg",
  "image/jpg",
  "image/png",
  "image/webp",
  "image/gif",
])

/** What to do with an image of another type. */
export const otherImage = "images are taken as JPEG, PNG, WebP or GIF; convert it"
