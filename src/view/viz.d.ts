/** The part of Graphviz's API that is used here. */
declare module '@viz-js/viz' {
  interface Graphviz {
    render(
      dot: string,
      options: { format: string; engine: string },
    ): {
      status: 'success' | 'failure'
      output: string | undefined
      errors: { level?: string; message: string }[]
    }
  }
  export function instance(): Promise<Graphviz>
}
