// @ts-expect-error -- made by the plugin of this folder
import "virtual:doctest"
