/** What Node takes by itself. */
