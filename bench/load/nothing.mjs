/** The baseline: Node without tta. */
