"""The models of the warehouse: versions, which one is live, waivers, the live model's file."""
