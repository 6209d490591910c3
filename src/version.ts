/** The version of this package. `npm run release` writes it; a test compares it with package.json and the others. */
export const VERSION = "0.1.0";
