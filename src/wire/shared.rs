//! What the codecs of an engine share.

use crate::wire::output::Spare;
use crate::wire::stream::StreamId;

/// Stream numbers and write buffers for all codecs of an engine.
#[derive(Debug)]
pub struct Shared {
    spare: Spare,
    next_stream: u64,
}

impl Default for Shared {
    fn default() -> Shared {
        Shared { spare: Spare::default(), next_stream: 1 }
    }
}

impl Shared {
    /// Write buffers between two uses.
    pub fn spare(&mut self) -> &mut Spare {
        &mut self.spare
    }

    /// The number of a new stream.
    pub fn new_stream(&mut self) -> StreamId {
        let id = StreamId(self.next_stream);
        self.next_stream += 1;
        id
    }
}
