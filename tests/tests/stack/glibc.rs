//! The binary needs no newer C library than that of Lambda's `provided.al2023`.

use object::elf::FileHeader64;
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, FileKind};

use budget_guard_tests::Failure;

type Version = (u32, u32);

/// Version of glibc in Amazon Linux 2023, which does not change over its lifetime.
const HAS: Version = (2, 34);

/// Versions of glibc that the binary needs, each with its library.
fn needed(binary: &[u8]) -> Result<Vec<(String, Version)>, Failure> {
    if FileKind::parse(binary)? != FileKind::Elf64 {
        return Err("not a 64-bit ELF file".into());
    }
    let header = FileHeader64::<Endianness>::parse(binary)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, binary)?;
    let mut found = Vec::new();
    for section in sections.iter() {
        let Some((mut needs, strings)) = section.gnu_verneed(endian, binary)? else { continue };
        let strings = sections.strings(endian, binary, strings)?;
        while let Some((need, mut versions)) = needs.next()? {
            let library = String::from_utf8_lossy(need.file(endian, strings)?).into_owned();
            while let Some(version) = versions.next()? {
                let name = String::from_utf8_lossy(version.name(endian, strings)?).into_owned();
                let Some(number) = name.strip_prefix("GLIBC_") else { continue };
                let mut parts = number.split('.').map(|part| part.parse().unwrap_or(u32::MAX));
                let number = (parts.next().unwrap_or(u32::MAX), parts.next().unwrap_or(0));
                found.push((format!("{library} {name}"), number));
            }
        }
    }
    Ok(found)
}

#[test]
fn lambda_has_the_c_library_it_needs() -> Result<(), Failure> {
    let needed = needed(&std::fs::read(crate::programs::bootstrap())?)?;
    assert!(!needed.is_empty(), "no version was read from the binary");
    let newer: Vec<&String> =
        needed.iter().filter(|(_, number)| *number > HAS).map(|(name, _)| name).collect();
    assert!(newer.is_empty(), "provided.al2023 has glibc {HAS:?}, the binary needs {newer:?}");
    Ok(())
}
