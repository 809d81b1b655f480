return main()
