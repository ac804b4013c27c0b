//! How often each resource was echoed of late: an estimate that is never too low, in one kilobyte.

/// Two rows of counters; a resource's estimate is the smaller of its two (a count-min sketch).
///
/// All counters are halved each hour, so a resource that is left alone is forgotten within a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sketch {
    /// Empty until the first count: most rules never see an echo.
    pub cells: Vec<u8>,
    /// The hour, since 1970, of the last halving.
    pub hour: i64,
}

const ROW: usize = 512;
pub(super) const CELLS: usize = 2 * ROW;

impl Sketch {
    pub fn count(&mut self, key: u64, at: i64) {
        self.cells.resize(CELLS, 0);
        self.age(at.div_euclid(3_600));
        for cell in cells(key) {
            self.cells[cell] = self.cells[cell].saturating_add(1);
        }
    }

    pub fn estimate(&self, key: u64) -> u8 {
        cells(key).into_iter().map(|cell| self.cells.get(cell).copied().unwrap_or(0)).min().unwrap_or(0)
    }

    fn age(&mut self, hour: i64) {
        // What comes late is counted with the present: an estimate may be too high.
        let halvings = u32::try_from((hour - self.hour).clamp(0, 8)).unwrap_or(8);
        if halvings > 0 {
            self.hour = hour;
            for cell in &mut self.cells {
                *cell = cell.checked_shr(halvings).unwrap_or(0);
            }
        }
    }
}

/// The two counters of a resource, one in each row.
fn cells(key: u64) -> [usize; 2] {
    let low = (key & 0xffff_ffff) as usize % ROW;
    let high = (key >> 32) as usize % ROW;
    [low, ROW + high]
}
