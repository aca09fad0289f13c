//! How the two ends of a connection prove to each other that they know the secret, without telling it: whoever takes the
//! port of a process that is gone neither learns it nor is believed.

use std::io::{self, Read, Write};

use crate::engine::random;

/// What both begin with: another version of the frames has another one.
const MAGIC: &[u8; 16] = b"scimdb share 1\r\n";

/// 256 random bits.
pub(super) type Secret = [u8; 32];

/// What one end says of the random numbers of both: only who knows the secret can.
fn proof(secret: &Secret, role: &[u8], asked: &Secret, answered: &Secret) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(role).update(asked).update(answered);
    hasher.finalize()
}

fn stranger() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "the other end does not know the secret")
}

fn receive<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Proves oneself to who holds the store, who does it first.
pub(super) fn as_guest(stream: &mut (impl Read + Write), secret: &Secret) -> io::Result<()> {
    let asked = random();
    stream.write_all(&[MAGIC.as_slice(), &asked].concat())?;
    let (answered, proved) = (receive(stream)?, receive(stream)?);
    // The comparison takes the same time wherever they differ.
    if proof(secret, b"holder", &asked, &answered) != blake3::Hash::from_bytes(proved) {
        return Err(stranger());
    }
    stream.write_all(proof(secret, b"guest", &asked, &answered).as_bytes())
}

/// Proves to a guest that the store is held here, and has it prove itself.
pub(super) fn as_holder(stream: &mut (impl Read + Write), secret: &Secret) -> io::Result<()> {
    if &receive(stream)? != MAGIC {
        return Err(stranger());
    }
    let (asked, answered) = (receive(stream)?, random());
    let proved = proof(secret, b"holder", &asked, &answered);
    stream.write_all(&[answered, *proved.as_bytes()].concat())?;
    if proof(secret, b"guest", &asked, &answered) != blake3::Hash::from_bytes(receive(stream)?) {
        return Err(stranger());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn meet(guest: Secret, holder: Secret) -> (io::Result<()>, io::Result<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let met = std::thread::spawn(move || as_holder(&mut listener.accept().unwrap().0, &holder));
        let guest = as_guest(&mut stream, &guest);
        drop(stream);
        (guest, met.join().unwrap())
    }

    #[test]
    fn only_those_who_know_the_secret_are_believed() {
        let secret = random();
        let (guest, holder) = meet(secret, secret);
        assert!(guest.is_ok() && holder.is_ok());
        let (guest, holder) = meet(random(), secret);
        assert_eq!(guest.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert!(holder.is_err(), "it got no proof");
    }
}
