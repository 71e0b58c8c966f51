from benchmarks.removal_table.run import main

main()
