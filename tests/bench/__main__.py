from tests.bench.command import main

main()
