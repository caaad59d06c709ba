"""Records and current sources become edges, freshness and plans. Nothing here touches a kernel or the store."""
