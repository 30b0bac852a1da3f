//! What the simulation is held to.
