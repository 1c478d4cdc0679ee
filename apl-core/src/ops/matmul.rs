//! Matrix products of strided views, by the crate `gemm`, on the calling thread.

use gemm::Parallelism;

use crate::ops::{parallel::Shared, real::Real};

/// A read-only matrix: element (i, j) is `data[i * row + j * column]`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, T> {
    /// The elements, and whatever lies between them.
    pub data: &'a [T],
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// From an element to the one below it.
    pub row: usize,
    /// From an element to the one on its right.
    pub column: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A row-major matrix without gaps.
    pub fn row_major(data: &'a [T], rows: usize, columns: usize) -> Self {
        Self { data, rows, columns, row: columns, column: 1 }
    }

    /// Its transpose: the same memory seen the other way.
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row: self.column,
            column: self.row,
        }
    }

    /// Rows `first..first + count`.
    pub fn rows(self, first: usize, count: usize) -> Self {
        Self { data: &self.data[first * self.row..], rows: count, ..self }
    }

    /// Columns `first..first + count`.
    pub fn columns(self, first: usize, count: usize) -> Self {
        Self { data: &self.data[first * self.column..], columns: count, ..self }
    }

    fn check(&self) {
        let last =
            self.rows.saturating_sub(1) * self.row + self.columns.saturating_sub(1) * self.column;
        assert!(self.rows == 0 || self.columns == 0 || last < self.data.len(), "matrix in bounds");
    }
}

/// Where a product goes: rows of `row` elements, `columns` of them written from `first` on.
pub(crate) struct Target<'a, 'b, T> {
    pub data: &'a Shared<'b, T>,
    pub first: usize,
    pub row: usize,
}

/// `dst = lhs rhs`, or `dst += lhs rhs` if `accumulate`; `dst` is row-major without gaps.
///
/// ```
/// use apl_core::ops::matmul::{Matrix, matmul};
/// let rows = Matrix::row_major(&[1.0, 2.0, 3.0, 4.0], 2, 2);
/// let mut gram = [0.0; 4];
/// matmul(&mut gram, rows.transposed(), rows, false);
/// assert_eq!(gram, [10.0, 14.0, 14.0, 20.0]);
/// ```
///
/// # Panics
/// Matrices whose sizes do not fit each other, or that leave their slices.
pub fn matmul<T: Real>(dst: &mut [T], lhs: Matrix<T>, rhs: Matrix<T>, accumulate: bool) {
    assert!(dst.len() == lhs.rows * rhs.columns, "the product fills its target");
    let row = rhs.columns;
    let shared = Shared::new(dst);
    let target = Target { data: &shared, first: 0, row };
    // SAFETY: `dst` is borrowed mutably for the whole call.
    #[allow(unsafe_code)]
    unsafe {
        matmul_into(target, lhs, rhs, accumulate)
    }
}

/// [`matmul`] into a block of a larger row-major matrix that other tasks write too.
///
/// # Safety
/// No other task may touch the elements of the block during the call.
#[allow(unsafe_code)]
pub(crate) unsafe fn matmul_into<T: Real>(
    dst: Target<T>,
    lhs: Matrix<T>,
    rhs: Matrix<T>,
    accumulate: bool,
) {
    lhs.check();
    rhs.check();
    assert!(lhs.columns == rhs.rows, "inner dimensions agree");
    if lhs.rows == 0 || rhs.columns == 0 {
        return;
    }
    let span = (lhs.rows - 1) * dst.row + rhs.columns;
    // SAFETY: all three matrices lie within their slices (checked above and by `address`); the block is the caller's alone, and
    // `gemm` reads and writes only elements of the block, not the gaps between its rows.
    unsafe {
        let start = dst.data.address(dst.first, span);
        gemm::gemm(
            lhs.rows,
            rhs.columns,
            lhs.columns,
            start,
            1,
            dst.row as isize,
            accumulate,
            lhs.data.as_ptr(),
            lhs.column as isize,
            lhs.row as isize,
            rhs.data.as_ptr(),
            rhs.column as isize,
            rhs.row as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
