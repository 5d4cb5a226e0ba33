//! Finds the process at the other end of a loopback connection.

use std::fs;

/// The process that holds the TCP socket with this local port on 127.0.0.1.
pub(crate) fn process_of(port: u16) -> Option<u32> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let inode = inode_of(&table, port)?;
    let wanted = format!("socket:[{inode}]");
    let mut processes = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    processes.find(|process: &u32| {
        let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
        files
            .filter_map(Result::ok)
            .any(|file| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == wanted.as_str()))
    })
}

/// In the kernel's table the second column is the local address in hexadecimal, the tenth the inode.
fn inode_of(table: &str, port: u16) -> Option<&str> {
    let local = format!("0100007F:{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_whitespace();
        (columns.nth(1)? == local).then(|| columns.nth(7)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_this_process_by_its_socket() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(process_of(client.local_addr().unwrap().port()), Some(std::process::id()));
        drop(client);
        assert_eq!(inode_of("header\n 0: 0100007F:0050 0100007F:1F90 01 0:0 0:0 0 0 0 4711 1\n", 80), Some("4711"));
    }
}
